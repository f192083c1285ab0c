using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Streams and nets that the tests of this folder share.</summary>
internal static class SampleStreams
{
    /// <summary>Token ids 0, 1, 2 … as a source.</summary>
    public static Tokens Counting(int count) => Tokens.FromIds([.. Enumerable.Range(0, count).Select(id => (long)id)]);

    /// <summary>A net that only passes numbers on, for tests of the streams alone.</summary>
    public static RecurrentResult Echo(Tensor input, RecurrentState? state) =>
        new(input, state?.Map(part => part.clone()) ?? new RecurrentState(zeros(input.shape[1], 1)));

    /// <summary>Random float64 streams with random targets, in the innermost dispose scope.</summary>
    public static (Tensor Input, Tensor Target) Random(long steps, long batch, long inputSize, long outputSize) =>
        (randn(steps, batch, inputSize, dtype: ScalarType.Float64), randn(steps, batch, outputSize, dtype: ScalarType.Float64));

    /// <summary>A small model in float64 with a random readout.</summary>
    public static SequenceModel Model(string cell, long inputSize, long hiddenSize, long outputSize, long layers = 1, BackwardPath path = BackwardPath.Auto)
    {
        var model = SequenceModel.Create(cell, inputSize, hiddenSize, outputSize, layers, dtype: ScalarType.Float64);
        model.Backward = path;
        return model;
    }

    /// <summary>All gradients by key, cloned, and forgotten in the module.</summary>
    public static Dictionary<string, Tensor> TakeGradients(nn.Module module)
    {
        var gradients = module.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad?.clone() ?? zeros_like(item.Item2));
        module.zero_grad();
        return gradients;
    }

    public static long[] Numbers(Tensor tensor) => tensor.contiguous().data<long>().ToArray();
}
