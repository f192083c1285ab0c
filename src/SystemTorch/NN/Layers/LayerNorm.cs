using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Normalises over the last dimensions to mean 0 and variance 1, then scales by weight and shifts by bias.</summary>
    public sealed class LayerNorm : nn.Module<Tensor, Tensor>
    {
        [Utils.ComponentName(Name = nameof(weight))]
        private Parameter? _weight;

        [Utils.ComponentName(Name = nameof(bias))]
        private Parameter? _bias;

        internal LayerNorm(long[] normalized_shape, double eps, bool elementwise_affine, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(LayerNorm))
        {
            if (normalized_shape is null || normalized_shape.Length == 0 || normalized_shape.Any(size => size < 1))
            {
                throw new ArgumentException(
                    $"normalized_shape: expected one positive size or more, got [{string.Join(", ", normalized_shape ?? [])}].",
                    nameof(normalized_shape));
            }

            this.normalized_shape = [.. normalized_shape];
            this.eps = eps;
            this.elementwise_affine = elementwise_affine;
            if (elementwise_affine)
            {
                weight = new Parameter(empty(normalized_shape, dtype, device));
                this.bias = bias ? new Parameter(empty(normalized_shape, dtype, device)) : null;
                reset_parameters();
            }
        }

        public long[] normalized_shape { get; set; }

        public double eps { get; set; }

        public bool elementwise_affine { get; set; }

        /// <summary>Of the normalised shape; null without elementwise_affine. Setting it frees the one before.</summary>
        public Parameter weight
        {
            get => _weight!;
            set => SetParameter(ref _weight, value, nameof(weight));
        }

        /// <summary>Of the normalised shape, or null. Setting it frees the one before.</summary>
        public Parameter? bias
        {
            get => _bias;
            set => SetParameter(ref _bias, value, nameof(bias));
        }

        public void reset_parameters()
        {
            if (_weight is not null)
            {
                nn.init.ones_(_weight);
            }

            if (_bias is not null)
            {
                nn.init.zeros_(_bias);
            }
        }

        public override Tensor forward(Tensor tensor) => nn.functional.layer_norm(tensor, normalized_shape, _weight, _bias, eps);

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

        private LayerNorm ConvertOwn(ScalarType? dtype, Device? device)
        {
            if (_weight is not null && ReplaceParameter(dtype, device, _weight, out Parameter newWeight))
            {
                weight = newWeight;
            }

            if (_bias is not null && ReplaceParameter(dtype, device, _bias, out Parameter newBias))
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
            public static Modules.LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null)
                => new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static Modules.LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null)
                => new([normalized_shape], eps, elementwise_affine, bias, device, dtype);
        }
    }
}
