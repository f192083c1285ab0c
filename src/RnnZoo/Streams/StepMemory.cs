using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>Estimates what the tape of one time step takes in memory, to choose the length of segments.</summary>
internal static class StepMemory
{
    private const int ProbeSteps = 64;
    private const long NodeBytes = 1_000; // a node of autograd's tape and its tensors' headers

    /// <summary>A recurrent net for B sequences; what is around it takes so many elements a step and sequence.</summary>
    public static long Of(IRecurrentModule module, long batch, long around = 0)
    {
        var dtype = module is nn.Module net && net.parameters().FirstOrDefault() is { } parameter ? parameter.dtype : ScalarType.Float32;
        var elementSize = dtype == ScalarType.Float64 ? 8 : 4;
        var (elements, nodes) = (around * batch, 0L);
        for (var layer = 0; layer < module.NumLayers; layer++)
        {
            var inputSize = layer == 0 ? module.InputSize : module.HiddenSize * module.NumDirections;
            var (perLayer, perLayerNodes) = OfLayer(module, layer, batch, inputSize, dtype);
            elements += module.NumDirections * perLayer;
            nodes += module.NumDirections * perLayerNodes;
        }

        return (elements * elementSize) + (nodes * NodeBytes);
    }

    /// <summary>A model: logits and log-probabilities with their gradients, the encoded input, the net's output.</summary>
    public static long Of(SequenceModel model, long batch) =>
        Of(model.Recurrent, batch, (4 * model.OutputSize) + (2 * model.Recurrent.InputSize) + (2 * model.Recurrent.HiddenSize));

    private static (long Elements, long Nodes) OfLayer(IRecurrentModule module, int layer, long batch, long inputSize, ScalarType dtype)
    {
        var cell = module.CellAt(layer);
        var (gates, hidden) = ((cell as EquationCell)?.Gates.Count ?? 1, module.StateSizes.Sum());
        var isOneNode = module.EffectiveBackward == BackwardPath.HandWritten && cell is EquationCell { weight_ih: var weight } && TensorMemory.Reads(weight);
        if (isOneNode && cell is EquationCell { Kernel: { } kind })
        {
            var shape = new LayerShape(kind, ProbeSteps, (int)batch, (int)inputSize, (int)module.HiddenSize, Reverse: false);
            long tape = dtype == ScalarType.Float32 ? RecurrentKernel.TapeElements<float>(shape) : RecurrentKernel.TapeElements<double>(shape);

            // Besides the records: h on the tape, the output, its gradient, and that of the input.
            return ((tape / ProbeSteps) + (batch * ((3 * module.HiddenSize) + inputSize)), 0);
        }

        // Each of a step's operations keeps about one array; a gate has four, a part of the state three.
        return (batch * ((4 * gates * module.HiddenSize) + (3 * hidden) + (2 * inputSize)), isOneNode ? 0 : (4 * gates) + 8);
    }
}
