using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor atan2(Tensor other) => Op.Binary("atan2", this, other);

        public Tensor arctan2(Tensor other) => Op.Binary("arctan2", this, other);

        public Tensor bitwise_and(Tensor other) => Op.Binary("bitwise_and.Tensor", this, other);

        public Tensor bitwise_or(Tensor other) => Op.Binary("bitwise_or.Tensor", this, other);

        public Tensor bitwise_xor(Tensor other) => Op.Binary("bitwise_xor.Tensor", this, other);

        public Tensor bitwise_left_shift(Tensor other) => Op.Binary("bitwise_left_shift.Tensor", this, other);

        public Tensor bitwise_right_shift(Tensor other) => Op.Binary("bitwise_right_shift.Tensor", this, other);

        public Tensor copysign(Tensor other) => Op.Binary("copysign.Tensor", this, other);

        public Tensor fmax(Tensor other) => Op.Binary("fmax", this, other);

        public Tensor fmin(Tensor other) => Op.Binary("fmin", this, other);

        public Tensor fmod(Tensor target) => Op.Binary("fmod.Tensor", this, target);

        public Tensor remainder(Tensor target) => Op.Binary("remainder.Tensor", this, target);

        public Tensor gcd(Tensor other) => Op.Binary("gcd", this, other);

        public Tensor heaviside(Tensor other) => Op.Binary("heaviside", this, other);

        public Tensor hypot(Tensor other) => Op.Binary("hypot", this, other);

        public Tensor igamma(Tensor other) => Op.Binary("igamma", this, other);

        public Tensor igammac(Tensor other) => Op.Binary("igammac", this, other);

        public Tensor lcm(Tensor other) => Op.Binary("lcm", this, other);

        public Tensor ldexp(Tensor other) => Op.Binary("ldexp.Tensor", this, other);

        public Tensor logaddexp(Tensor other) => Op.Binary("logaddexp", this, other);

        public Tensor logaddexp2(Tensor other) => Op.Binary("logaddexp2", this, other);

        public Tensor logical_and(Tensor other) => Op.Binary("logical_and", this, other);

        public Tensor logical_or(Tensor other) => Op.Binary("logical_or", this, other);

        public Tensor logical_xor(Tensor other) => Op.Binary("logical_xor", this, other);

        public Tensor maximum(Tensor other) => Op.Binary("maximum", this, other);

        public Tensor minimum(Tensor other) => Op.Binary("minimum", this, other);

        public Tensor nextafter(Tensor other) => Op.Binary("nextafter", this, other);

        public Tensor mul(Tensor target) => Op.Binary("mul.Tensor", this, target);

        public Tensor multiply(Tensor target) => Op.Binary("multiply.Tensor", this, target);

        public Tensor true_divide(Tensor other) => Op.Binary("true_divide.Tensor", this, other);

        public Tensor float_power(Tensor target) => Op.Binary("float_power.Tensor_Tensor", this, target);

        public Tensor pow(Tensor exponent) => Op.Binary("pow.Tensor_Tensor", this, exponent);

        public Tensor xlogy(Tensor y) => Op.Binary("xlogy.Tensor", this, y);

        public Tensor max(Tensor other) => Op.Binary("max.other", this, other);

        public Tensor min(Tensor other) => Op.Binary("min.other", this, other);

        public Tensor floor_divide(Tensor other) => Op.Binary("floor_divide", this, other);

        public Tensor mul(Scalar target) => Op.WithScalar("mul.Scalar", this, target);

        public Tensor multiply(Scalar target) => Op.WithScalar("multiply.Scalar", this, target);

        public Tensor fmod(Scalar scalar) => Op.WithScalar("fmod.Scalar", this, scalar);

        public Tensor remainder(Scalar scalar) => Op.WithScalar("remainder.Scalar", this, scalar);

        public Tensor true_divide(Scalar other) => Op.WithScalar("true_divide.Scalar", this, other);

        public Tensor pow(Scalar exponent) => Op.WithScalar("pow.Tensor_Scalar", this, exponent);

        public Tensor xlogy(Scalar y) => Op.Tensor("xlogy.Scalar_Other", this, y);

        public Tensor floor_divide(Scalar other) => Op.WithScalar("floor_divide.Scalar", this, other);
    }
}
