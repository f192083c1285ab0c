using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor sigmoid() => Op.Unary("sigmoid", this);

        public Tensor relu() => Op.Unary("relu", this);

        public Tensor relu6() => Op.Unary("relu6", this);

        public Tensor selu() => Op.Unary("selu", this);

        public Tensor silu() => Op.Unary("silu", this);

        public Tensor hardsigmoid() => Op.Unary("hardsigmoid", this);

        public Tensor hardswish() => Op.Unary("hardswish", this);

        public Tensor log_sigmoid() => Op.Unary("log_sigmoid", this);

        public Tensor gelu() => Op.Tensor("gelu", this);

        public Tensor gelu_() => Op.InPlace("gelu_", this);

        public Tensor celu() => Op.Tensor("celu", this);

        public Tensor celu(Scalar alpha) => Op.Tensor("celu", this, alpha);

        public Tensor celu_() => Op.InPlace("celu_", this);

        public Tensor celu_(Scalar alpha) => Op.InPlace("celu_", this, alpha);

        public Tensor elu(double alpha = 1) => Op.Tensor("elu", this, alpha);

        public Tensor elu(Scalar alpha, Scalar scale, Scalar input_scale) => Op.Tensor("elu", this, alpha, scale, input_scale);

        public Tensor elu_(double alpha = 1) => Op.InPlace("elu_", this, alpha);

        public Tensor elu_(Scalar alpha, Scalar scale, Scalar input_scale) => Op.InPlace("elu_", this, alpha, scale, input_scale);

        public Tensor glu(long dim = -1) => Op.Tensor("glu", this, dim);

        public Tensor hardtanh(Scalar min, Scalar max) => Op.Tensor("hardtanh", this, min, max);

        public Tensor hardtanh_(Scalar min, Scalar max) => Op.InPlace("hardtanh_", this, min, max);

        public Tensor leaky_relu(Scalar negative_slope) => Op.Tensor("leaky_relu", this, negative_slope);

        public Tensor leaky_relu_(Scalar negative_slope) => Op.InPlace("leaky_relu_", this, negative_slope);

        public Tensor softplus(double beta = 1, double threshold = 20) => Op.Tensor("softplus", this, beta, threshold);

        public Tensor threshold(Scalar threshold, Scalar value) => Op.Tensor("threshold", this, threshold, value);

        public Tensor threshold_(Scalar threshold, Scalar value) => Op.InPlace("threshold_", this, threshold, value);

        public Tensor prelu(Tensor target) => Op.Binary("prelu", this, target);
    }
}
