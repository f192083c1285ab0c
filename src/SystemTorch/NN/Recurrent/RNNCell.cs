using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>One step of an Elman net: h' = tanh or ReLU of (W_ih x + b_ih + W_hh h + b_hh).</summary>
    public sealed class RNNCell : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly NN.CellWeights _weights;
        private readonly nn.NonLinearities _nonLinearity;

        internal RNNCell(NN.CellWeights weights, nn.NonLinearities nonLinearity, Device? device, ScalarType? dtype)
            : base(nameof(RNNCell))
        {
            _weights = weights;
            _nonLinearity = nonLinearity;
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
            return NN.NativeFunctions.RnnCell(_nonLinearity, input, h, weight_ih!, weight_hh!, bias_ih, bias_hh);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.RNNCell RNNCell(long inputSize, long hiddenSize, NonLinearities nonLinearity = NonLinearities.Tanh, bool bias = true, Device? device = null, ScalarType? dtype = null)
                => new(new NN.CellWeights(1, inputSize, hiddenSize, bias), nonLinearity, device, dtype);
        }
    }
}
