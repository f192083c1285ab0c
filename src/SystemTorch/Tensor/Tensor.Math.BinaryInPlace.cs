using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor atan2_(Tensor other) => Op.InPlace("atan2_", this, other);

        public Tensor arctan2_(Tensor other) => Op.InPlace("arctan2_", this, other);

        public Tensor bitwise_and_(Tensor other) => Op.InPlace("bitwise_and_.Tensor", this, other);

        public Tensor bitwise_or_(Tensor other) => Op.InPlace("bitwise_or_.Tensor", this, other);

        public Tensor bitwise_xor_(Tensor other) => Op.InPlace("bitwise_xor_.Tensor", this, other);

        public Tensor bitwise_left_shift_(Tensor other) => Op.InPlace("bitwise_left_shift_.Tensor", this, other);

        public Tensor bitwise_right_shift_(Tensor other) => Op.InPlace("bitwise_right_shift_.Tensor", this, other);

        public Tensor fmod_(Tensor target) => Op.InPlace("fmod_.Tensor", this, target);

        public Tensor fmod_(Scalar scalar) => Op.InPlace("fmod_.Scalar", this, scalar);

        public Tensor remainder_(Tensor target) => Op.InPlace("remainder_.Tensor", this, target);

        public Tensor remainder_(Scalar scalar) => Op.InPlace("remainder_.Scalar", this, scalar);

        public Tensor gcd_(Tensor other) => Op.InPlace("gcd_", this, other);

        public Tensor lcm_(Tensor other) => Op.InPlace("lcm_", this, other);

        public Tensor ldexp_(Tensor other) => Op.InPlace("ldexp_", this, other);

        public Tensor logical_and_(Tensor other) => Op.InPlace("logical_and_", this, other);

        public Tensor logical_or_(Tensor other) => Op.InPlace("logical_or_", this, other);

        public Tensor logical_xor_(Tensor other) => Op.InPlace("logical_xor_", this, other);

        public Tensor mul_(Tensor target) => Op.InPlace("mul_.Tensor", this, target);

        public Tensor mul_(Scalar target) => Op.InPlace("mul_.Scalar", this, target);

        public Tensor true_divide_(Tensor other) => Op.InPlace("true_divide_.Tensor", this, other);

        public Tensor true_divide_(Scalar other) => Op.InPlace("true_divide_.Scalar", this, other);

        public Tensor floor_divide_(Tensor other) => Op.InPlace("floor_divide_.Tensor", this, other);

        public Tensor floor_divide_(Scalar other) => Op.InPlace("floor_divide_.Scalar", this, other);

        public Tensor pow_(Tensor exponent) => Op.InPlace("pow_.Tensor", this, exponent);

        public Tensor pow_(Scalar exponent) => Op.InPlace("pow_.Scalar", this, exponent);

        public Tensor xlogy_(Tensor y) => Op.InPlace("xlogy_.Tensor", this, y);

        public Tensor xlogy_(Scalar y) => Op.InPlace("xlogy_.Scalar_Other", this, y);
    }
}
