using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Long short-term memory in layers; gates in the order i, f, g, o.</summary>
    public sealed class LSTM : nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
    {
        private readonly NN.RecurrentWeights _weights;

        internal LSTM(NN.RecurrentWeights weights, Device? device, ScalarType? dtype)
            : base(nameof(LSTM))
        {
            _weights = weights;
            foreach ((string key, Parameter parameter) in weights.Create(device, dtype))
            {
                register_parameter(key, parameter);
            }
        }

        /// <param name="input">[T, B, I], or [B, T, I] when batch-first.</param>
        /// <param name="h0_c0">Twice [L·D, B, H]; zeros when null.</param>
        /// <returns>The outputs [T, B, D·H] (or [B, T, D·H]) and the final states h and c, each [L·D, B, H].</returns>
        public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
        {
            long batch = _weights.CheckInput(input);
            if (h0_c0 is var (givenH, givenC))
            {
                _weights.CheckState(givenH, batch, input, "h0");
                _weights.CheckState(givenC, batch, input, "c0");
            }

            (Tensor h, Tensor c) = h0_c0 ?? (_weights.ZeroState(batch, input), _weights.ZeroState(batch, input)); // [L·D, B, H]
            return NN.NativeFunctions.Lstm(input, h, c, _internal_params.values(), _weights, training);
        }

        public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);

        /// <summary>Does nothing on the CPU.</summary>
        public void flatten_parameters()
        {
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.LSTM LSTM(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
                => new(new NN.RecurrentWeights(4, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional), device, dtype);
        }
    }
}
