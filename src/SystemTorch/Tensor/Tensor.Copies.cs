using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor clone() => Op.Tensor("clone", this);

        /// <summary>The same tensor as a new node of the graph.</summary>
        public Tensor alias() => Op.Unary("alias", this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Op.InPlace("copy_", this, source, nonBlocking);

        public Tensor fill_(Scalar value) => Op.InPlace("fill_.Scalar", this, value);

        public Tensor zero_() => Op.InPlace("zero_", this);

        public Tensor set_(Tensor source) => Op.InPlace("set_.source_Tensor", this, source);

        public Tensor empty_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("empty_like", this, dtype, Arg.None, device), requires_grad);

        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("zeros_like", this, dtype, Arg.None, device), requires_grad);

        public Tensor ones_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("ones_like", this, dtype, Arg.None, device), requires_grad);

        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("full_like", this, value, dtype, Arg.None, device), requires_grad);

        public Tensor rand_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("rand_like", this, dtype, Arg.None, device), requires_grad);

        public Tensor randn_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("randn_like", this, dtype, Arg.None, device), requires_grad);

        public Tensor randint_like(long low, long high, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Tracked(Op.Tensor("randint_like.low_dtype", this, low, high, dtype, Arg.None, device), requires_grad);
    }
}
