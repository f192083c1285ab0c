using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>y = x Wᵀ + b, with weight [out, in] and bias [out] drawn from U(-1/√in, 1/√in).</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        [Utils.ComponentName(Name = nameof(weight))]
        private Parameter? _weight;

        [Utils.ComponentName(Name = nameof(bias))]
        private Parameter? _bias;

        internal Linear(Parameter weight, Parameter? bias)
            : base(nameof(Linear))
        {
            if (weight.dim() != 2)
            {
                throw new ArgumentException($"weight: expected [out, in], got [{string.Join(", ", weight.shape)}].", nameof(weight));
            }

            out_features = weight.shape[0];
            in_features = weight.shape[1];
            this.weight = weight;
            this.bias = bias;
        }

        internal Linear(long inputSize, long outputSize, bool hasBias, Device? device, ScalarType? dtype)
            : base(nameof(Linear))
        {
            NN.Check.Positive(inputSize, nameof(inputSize));
            NN.Check.Positive(outputSize, nameof(outputSize));
            in_features = inputSize;
            out_features = outputSize;
            weight = new Parameter(empty(outputSize, inputSize, dtype, device)); // [out, in]
            nn.init.kaiming_uniform_(weight, a: Math.Sqrt(5));
            if (hasBias)
            {
                bias = new Parameter(empty(outputSize, dtype, device)); // [out]
                double bound = 1 / Math.Sqrt(inputSize);
                nn.init.uniform_(bias, -bound, bound);
            }
        }

        public long in_features { get; set; }

        public long out_features { get; set; }

        /// <summary>[out, in]. Setting it frees the one before.</summary>
        public Parameter weight
        {
            get => _weight!;
            set => SetParameter(ref _weight, value, nameof(weight));
        }

        /// <summary>[out], or null. Setting it frees the one before.</summary>
        public Parameter? bias
        {
            get => _bias;
            set => SetParameter(ref _bias, value, nameof(bias));
        }

        public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, weight, bias);

        protected internal override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => ConvertOwn(dtype, device);

        protected internal override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            => ConvertOwn(null, new Device(deviceType, deviceIndex));

        protected internal override nn.Module _to(ScalarType dtype, bool non_blocking) => ConvertOwn(dtype, null);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _weight?.Dispose();
                _bias?.Dispose();
            }
        }

        private Linear ConvertOwn(ScalarType? dtype, Device? device)
        {
            if (ReplaceParameter(dtype, device, weight, out Parameter newWeight))
            {
                weight = newWeight;
            }

            if (bias is not null && ReplaceParameter(dtype, device, bias, out Parameter newBias))
            {
                bias = newBias;
            }

            return this;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null)
                => new(inputSize, outputSize, hasBias, device, dtype);

            public static Modules.Linear Linear(Modules.Parameter weight, Modules.Parameter? bias = null) => new(weight, bias);
        }
    }
}
