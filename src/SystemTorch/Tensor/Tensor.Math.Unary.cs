using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor abs() => Op.Unary("abs", this);

        public Tensor absolute() => Op.Unary("absolute", this);

        public Tensor acos() => Op.Unary("acos", this);

        public Tensor acosh() => Op.Unary("acosh", this);

        public Tensor angle() => Op.Unary("angle", this);

        public Tensor arccos() => Op.Unary("arccos", this);

        public Tensor arccosh() => Op.Unary("arccosh", this);

        public Tensor arcsin() => Op.Unary("arcsin", this);

        public Tensor arcsinh() => Op.Unary("arcsinh", this);

        public Tensor arctan() => Op.Unary("arctan", this);

        public Tensor arctanh() => Op.Unary("arctanh", this);

        public Tensor asin() => Op.Unary("asin", this);

        public Tensor asinh() => Op.Unary("asinh", this);

        public Tensor atan() => Op.Unary("atan", this);

        public Tensor atanh() => Op.Unary("atanh", this);

        public Tensor bitwise_not() => Op.Unary("bitwise_not", this);

        public Tensor ceil() => Op.Unary("ceil", this);

        public Tensor conj() => Op.Unary("conj", this);

        public Tensor conj_physical() => Op.Unary("conj_physical", this);

        public Tensor cos() => Op.Unary("cos", this);

        public Tensor cosh() => Op.Unary("cosh", this);

        public Tensor deg2rad() => Op.Unary("deg2rad", this);

        public Tensor digamma() => Op.Unary("digamma", this);

        public Tensor erf() => Op.Unary("erf", this);

        public Tensor erfc() => Op.Unary("erfc", this);

        public Tensor erfinv() => Op.Unary("erfinv", this);

        public Tensor exp() => Op.Unary("exp", this);

        public Tensor exp2() => Op.Unary("exp2", this);

        public Tensor expm1() => Op.Unary("expm1", this);

        public Tensor fix() => Op.Unary("fix", this);

        public Tensor floor() => Op.Unary("floor", this);

        public Tensor frac() => Op.Unary("frac", this);

        public Tensor i0() => Op.Unary("i0", this);

        public Tensor isfinite() => Op.Unary("isfinite", this);

        public Tensor isinf() => Op.Unary("isinf", this);

        public Tensor isnan() => Op.Unary("isnan", this);

        public Tensor isneginf() => Op.Unary("isneginf", this);

        public Tensor isposinf() => Op.Unary("isposinf", this);

        public Tensor isreal() => Op.Unary("isreal", this);

        public Tensor lgamma() => Op.Unary("lgamma", this);

        public Tensor log() => Op.Unary("log", this);

        public Tensor log10() => Op.Unary("log10", this);

        public Tensor log1p() => Op.Unary("log1p", this);

        public Tensor log2() => Op.Unary("log2", this);

        public Tensor logical_not() => Op.Unary("logical_not", this);

        public Tensor neg() => Op.Unary("neg", this);

        public Tensor negative() => Op.Unary("negative", this);

        public Tensor positive() => Op.Unary("positive", this);

        public Tensor rad2deg() => Op.Unary("rad2deg", this);

        public Tensor reciprocal() => Op.Unary("reciprocal", this);

        public Tensor resolve_conj() => Op.Unary("resolve_conj", this);

        public Tensor resolve_neg() => Op.Unary("resolve_neg", this);

        public Tensor rsqrt() => Op.Unary("rsqrt", this);

        public Tensor sgn() => Op.Unary("sgn", this);

        public Tensor sign() => Op.Unary("sign", this);

        public Tensor signbit() => Op.Unary("signbit", this);

        public Tensor sin() => Op.Unary("sin", this);

        public Tensor sinc() => Op.Unary("sinc", this);

        public Tensor sinh() => Op.Unary("sinh", this);

        public Tensor sqrt() => Op.Unary("sqrt", this);

        public Tensor square() => Op.Unary("square", this);

        public Tensor tan() => Op.Unary("tan", this);

        public Tensor tanh() => Op.Unary("tanh", this);

        public Tensor trunc() => Op.Unary("trunc", this);
    }
}
