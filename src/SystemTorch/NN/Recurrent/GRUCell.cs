using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>One step of gated recurrent units; gates in the order r, z, n.</summary>
    public sealed class GRUCell : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly NN.CellWeights _weights;

        internal GRUCell(NN.CellWeights weights, Device? device, ScalarType? dtype)
            : base(nameof(GRUCell))
        {
            _weights = weights;
            foreach ((string key, Parameter parameter) in weights.Create(device, dtype))
            {
                register_parameter(key, parameter);
            }
        }

        public Parameter? weight_ih
        {
            get => get_parameter(nameof(weight_ih));
            set
            {
                Parameter? old = weight_ih;
                SetParameter(ref old, value, nameof(weight_ih));
            }
        }

        public Parameter? weight_hh
        {
            get => get_parameter(nameof(weight_hh));
            set
            {
                Parameter? old = weight_hh;
                SetParameter(ref old, value, nameof(weight_hh));
            }
        }

        public Parameter? bias_ih
        {
            get => get_parameter(nameof(bias_ih));
            set
            {
                Parameter? old = bias_ih;
                SetParameter(ref old, value, nameof(bias_ih));
            }
        }

        public Parameter? bias_hh
        {
            get => get_parameter(nameof(bias_hh));
            set
            {
                Parameter? old = bias_hh;
                SetParameter(ref old, value, nameof(bias_hh));
            }
        }

        /// <param name="input">[B, I] or [I].</param>
        /// <param name="h0">[B, H] or [H]; zeros when null.</param>
        /// <returns>The next state.</returns>
        public override Tensor forward(Tensor input, Tensor? h0 = null)
        {
            _weights.CheckInput(input);
            Tensor h = _weights.State(h0, input, nameof(h0));
            return NN.NativeFunctions.GruCell(input, h, weight_ih!, weight_hh!, bias_ih, bias_hh);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.GRUCell GRUCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
                => new(new NN.CellWeights(3, inputSize, hiddenSize, bias), device, dtype);
        }
    }
}
