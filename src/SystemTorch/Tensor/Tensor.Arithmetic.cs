using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor add(Tensor target) => Op.BinaryUnscaled("add.Tensor", this, target);

        public Tensor add(Tensor target, Scalar alpha) => Op.BinaryScaled("add.Tensor", this, target, alpha);

        public Tensor add(Scalar scalar) => Op.Tensor("add.Scalar", this, scalar);

        public Tensor add(Scalar scalar, Scalar alpha) => Op.Tensor("add.Scalar", this, scalar, alpha);

        public Tensor add_(Tensor target) => Op.InPlace("add_.Tensor", this, target);

        public Tensor add_(Tensor target, Scalar alpha) => Op.InPlace("add_.Tensor", this, target, alpha);

        public Tensor add_(Scalar scalar) => Op.InPlace("add_.Scalar", this, scalar);

        public Tensor add_(Scalar scalar, Scalar alpha) => Op.InPlace("add_.Scalar", this, scalar, alpha);

        public Tensor sub(Tensor target) => Op.BinaryUnscaled("sub.Tensor", this, target);

        public Tensor sub(Scalar target) => Op.Tensor("sub.Scalar", this, target);

        public Tensor sub_(Tensor target) => Op.InPlace("sub_.Tensor", this, target);

        public Tensor sub_(Scalar target) => Op.InPlace("sub_.Scalar", this, target);

        public Tensor subtract(Tensor target) => sub(target);

        public Tensor subtract(Scalar target) => sub(target);

        public Tensor subtract_(Tensor target) => sub_(target);

        public Tensor subtract_(Scalar target) => sub_(target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None
                ? Op.Binary("div.Tensor", this, target)
                : Op.Tensor("div.Tensor_mode", this, target, rounding_mode.Name());

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None
                ? Op.WithScalar("div.Scalar", this, target)
                : Op.Tensor("div.Scalar_mode", this, target, rounding_mode.Name());

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Op.InPlace("div_.Tensor_mode", this, target, rounding_mode.Name());

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Op.InPlace("div_.Scalar_mode", this, target, rounding_mode.Name());

        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor divide_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);

        public Tensor divide_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Op.Tensor("addcmul", this, tensor1, tensor2, value);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Op.InPlace("addcmul_", this, tensor1, tensor2, value);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => Op.Tensor("addcdiv", this, tensor1, tensor2);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Op.Tensor("addcdiv", this, tensor1, tensor2, value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => Op.InPlace("addcdiv_", this, tensor1, tensor2);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Op.InPlace("addcdiv_", this, tensor1, tensor2, value);

        public Tensor lerp(Tensor end, Tensor weight) => Op.Tensor("lerp.Tensor", this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) => Op.InPlace("lerp_.Tensor", this, end, weight);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Op.Tensor("clamp", this, min, max);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Op.Tensor("clamp.Tensor", this, min, max);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Op.InPlace("clamp_", this, min, max);

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Op.InPlace("clamp_.Tensor", this, min, max);

        public Tensor clip(Scalar? min = null, Scalar? max = null) => clamp(min, max);

        public Tensor clamp_max(Scalar max) => Op.WithScalar("clamp_max", this, max);

        public Tensor clamp_max_(Scalar max) => Op.InPlace("clamp_max_", this, max);

        public Tensor clamp_min(Scalar min) => Op.WithScalar("clamp_min", this, min);

        public Tensor clamp_min_(Scalar min) => Op.InPlace("clamp_min_", this, min);

        public Tensor round(long decimals = 0) => Op.Tensor("round.decimals", this, decimals);

        public Tensor round_(long decimals = 0) => Op.InPlace("round_.decimals", this, decimals);

        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) => Op.Tensor("nan_to_num", this, nan, posinf, neginf);

        public Tensor logit(double? eps = null) => Op.Tensor("logit", this, eps);

        public Tensor polygamma(long p) => Op.Tensor("polygamma", p, this);

        public Tensor polygamma_(long p) => Op.InPlace("polygamma_", this, p);

        public Tensor mvlgamma(long p) => Op.Tensor("mvlgamma", this, p);

        public Tensor mvlgamma_(long p) => Op.InPlace("mvlgamma_", this, p);

        public Tensor where(Tensor condition, Tensor y) => Op.Tensor("where.self", condition, this, y);

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Op.Tensor("isclose", this, other, rtol, atol, nanEqual);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Op.Bool("allclose", this, target, rtol, atol, equal_nan);

        public Tensor equal(Tensor target) => torch.tensor(Op.Bool("equal", this, target));
    }
}
