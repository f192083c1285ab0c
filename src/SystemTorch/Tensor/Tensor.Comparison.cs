using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Tensor target) => Op.Binary("eq.Tensor", this, target);

        public Tensor ne(Tensor target) => Op.Binary("ne.Tensor", this, target);

        public Tensor lt(Tensor target) => Op.Binary("lt.Tensor", this, target);

        public Tensor le(Tensor target) => Op.Binary("le.Tensor", this, target);

        public Tensor gt(Tensor target) => Op.Binary("gt.Tensor", this, target);

        public Tensor ge(Tensor target) => Op.Binary("ge.Tensor", this, target);

        public Tensor less(Tensor target) => Op.Binary("less.Tensor", this, target);

        public Tensor less_equal(Tensor target) => Op.Binary("less_equal.Tensor", this, target);

        public Tensor greater(Tensor target) => Op.Binary("greater.Tensor", this, target);

        public Tensor greater_equal(Tensor target) => Op.Binary("greater_equal.Tensor", this, target);

        public Tensor not_equal(Tensor target) => Op.Binary("not_equal.Tensor", this, target);

        public Tensor eq(Scalar target) => Op.WithScalar("eq.Scalar", this, target);

        public Tensor ne(Scalar target) => Op.WithScalar("ne.Scalar", this, target);

        public Tensor lt(Scalar target) => Op.WithScalar("lt.Scalar", this, target);

        public Tensor le(Scalar target) => Op.WithScalar("le.Scalar", this, target);

        public Tensor gt(Scalar target) => Op.WithScalar("gt.Scalar", this, target);

        public Tensor ge(Scalar target) => Op.WithScalar("ge.Scalar", this, target);

        public Tensor eq_(Tensor target) => Op.InPlace("eq_.Tensor", this, target);

        public Tensor eq_(Scalar target) => Op.InPlace("eq_.Scalar", this, target);

        public Tensor ne_(Tensor target) => Op.InPlace("ne_.Tensor", this, target);

        public Tensor ne_(Scalar target) => Op.InPlace("ne_.Scalar", this, target);

        public Tensor lt_(Tensor target) => Op.InPlace("lt_.Tensor", this, target);

        public Tensor lt_(Scalar target) => Op.InPlace("lt_.Scalar", this, target);

        public Tensor le_(Tensor target) => Op.InPlace("le_.Tensor", this, target);

        public Tensor le_(Scalar target) => Op.InPlace("le_.Scalar", this, target);

        public Tensor gt_(Tensor target) => Op.InPlace("gt_.Tensor", this, target);

        public Tensor gt_(Scalar target) => Op.InPlace("gt_.Scalar", this, target);

        public Tensor ge_(Tensor target) => Op.InPlace("ge_.Tensor", this, target);

        public Tensor ge_(Scalar target) => Op.InPlace("ge_.Scalar", this, target);

        public Tensor less_equal_(Tensor target) => Op.InPlace("less_equal_.Tensor", this, target);

        public Tensor not_equal_(Tensor target) => Op.InPlace("not_equal_.Tensor", this, target);
    }
}
