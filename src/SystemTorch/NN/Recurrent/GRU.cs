using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules
{
    /// <summary>Gated recurrent units in layers; gates in the order r, z, n.</summary>
    public sealed class GRU : nn.Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly NN.RecurrentWeights _weights;

        internal GRU(NN.RecurrentWeights weights, Device device, ScalarType? dtype)
            : base(nameof(GRU))
        {
            _weights = weights;
            foreach ((string key, Parameter parameter) in weights.Create(device, dtype))
            {
                register_parameter(key, parameter);
            }
        }

        /// <param name="input">[T, B, I], or [B, T, I] when batch-first.</param>
        /// <param name="h0">[L·D, B, H]; zeros when null.</param>
        /// <returns>The outputs [T, B, D·H] (or [B, T, D·H]) and the final state [L·D, B, H].</returns>
        public override (Tensor, Tensor) forward(Tensor input, Tensor h0 = null)
        {
            long batch = _weights.CheckInput(input);
            if (h0 is not null)
            {
                _weights.CheckState(h0, batch, input, nameof(h0));
            }

            Tensor state = h0 ?? _weights.ZeroState(batch, input); // [L·D, B, H]
            return NN.NativeFunctions.Gru(input, state, _internal_params.values(), _weights, training);
        }

        public new (Tensor, Tensor) call(Tensor input, Tensor h0 = null) => base.call(input, h0);

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
            public static Modules.GRU GRU(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device device = null, ScalarType? dtype = null)
                => new(new NN.RecurrentWeights(3, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional), device, dtype);
        }
    }
}
