using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>One step of long short-term memory; gates in the order i, f, g, o.</summary>
    public sealed class LSTMCell : nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor)>
    {
        private readonly NN.CellWeights _weights;

        internal LSTMCell(NN.CellWeights weights, Device? device, ScalarType? dtype)
            : base(nameof(LSTMCell))
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
        /// <param name="h0_c0">Twice [B, H] or [H]; zeros when null.</param>
        /// <returns>The next states h and c.</returns>
        public override (Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0)
        {
            _weights.CheckInput(input);
            Tensor h = _weights.State(h0_c0?.Item1, input, "h0");
            Tensor c = _weights.State(h0_c0?.Item2, input, "c0");
            return NN.NativeFunctions.LstmCell(input, h, c, weight_ih!, weight_hh!, bias_ih, bias_hh);
        }

        public new (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.LSTMCell LSTMCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
                => new(new NN.CellWeights(4, inputSize, hiddenSize, bias), device, dtype);
        }
    }
}
