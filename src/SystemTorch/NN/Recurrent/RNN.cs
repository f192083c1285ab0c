using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Elman's net in layers: h = tanh or ReLU of (W_ih x + b_ih + W_hh h + b_hh).</summary>
    public sealed class RNN : nn.Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly NN.RecurrentWeights _weights;
        private readonly nn.NonLinearities _nonLinearity;

        internal RNN(NN.RecurrentWeights weights, nn.NonLinearities nonLinearity, Device? device, ScalarType? dtype)
            : base(nameof(RNN))
        {
            _weights = weights;
            _nonLinearity = nonLinearity;
            foreach ((string key, Parameter parameter) in weights.Create(device, dtype))
            {
                register_parameter(key, parameter);
            }
        }

        /// <param name="input">[T, B, I], or [B, T, I] when batch-first.</param>
        /// <param name="h0">[L·D, B, H]; zeros when null.</param>
        /// <returns>The outputs [T, B, D·H] (or [B, T, D·H]) and the final state [L·D, B, H].</returns>
        public override (Tensor, Tensor) forward(Tensor input, Tensor? h0)
        {
            long batch = _weights.CheckInput(input);
            if (h0 is not null)
            {
                _weights.CheckState(h0, batch, input, nameof(h0));
            }

            Tensor state = h0 ?? _weights.ZeroState(batch, input); // [L·D, B, H]
            return NN.NativeFunctions.Rnn(_nonLinearity, input, state, _internal_params.values(), _weights, training);
        }

        public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => base.call(input, h0!);

        /// <summary>Does nothing on the CPU.</summary>
        public void flatten_parameters()
        {
        }

        /// <summary>The weight of input to hidden in the idx-th layer; with two directions the layers count double.</summary>
        public Parameter? get_weight_ih(long idx) => Get("weight_ih", idx);

        public Parameter? get_weight_hh(long idx) => Get("weight_hh", idx);

        public Parameter? get_bias_ih(long idx) => Get("bias_ih", idx);

        public Parameter? get_bias_hh(long idx) => Get("bias_hh", idx);

        private Parameter? Get(string kind, long idx)
        {
            if (idx < 0 || idx >= _weights.StateRows)
            {
                throw new ArgumentOutOfRangeException(nameof(idx), idx, $"idx: expected 0 to {_weights.StateRows - 1}, got {idx}.");
            }

            return get_parameter(_weights.Bidirectional
                ? $"{kind}_l{idx / 2}{(idx % 2 == 0 ? string.Empty : "_reverse")}"
                : $"{kind}_l{idx}");
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.RNN RNN(long inputSize, long hiddenSize, long numLayers = 1, NonLinearities nonLinearity = NonLinearities.Tanh, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
                => new(new NN.RecurrentWeights(1, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional), nonLinearity, device, dtype);
        }
    }
}
