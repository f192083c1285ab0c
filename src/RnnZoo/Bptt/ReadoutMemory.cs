using System.Numerics;
using RnnZoo.Bptt.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Makes the results of <see cref="ReadoutLoss"/> for one element type and hands the kernel their addresses.</summary>
internal static unsafe class ReadoutMemory<T>
    where T : unmanaged, INumberBase<T>
{
    /// <param name="features">[N, H].</param>
    /// <param name="weight">[V, H].</param>
    /// <param name="bias">[V], or null.</param>
    /// <param name="targets">[N].</param>
    /// <param name="wanted">Whether the gradients of the first three are wanted.</param>
    /// <param name="gradients">Takes the gradients that are.</param>
    /// <returns>[]: the mean loss.</returns>
    public static Tensor Run(Tensor features, Tensor weight, Tensor? bias, Tensor targets, bool[] wanted, List<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        var dFeatures = Like(features, wanted[0]); // [N, H]
        var dWeight = Like(weight, wanted[1]); // [V, H]
        var dBias = Like(bias, wanted[2]); // [V]
        var memory = new TensorMemory<T>();
        var classes = new TensorMemory<long>();
        var arguments = new ReadoutArguments<T>
        {
            Rows = (int)features.shape[0],
            Hidden = (int)features.shape[1],
            Classes = (int)weight.shape[0],
            Features = memory.Dense(features),
            Weight = memory.Dense(weight),
            Bias = memory.Dense(bias),
            Targets = classes.Dense(targets),
            DFeatures = memory.Dense(dFeatures),
            DWeight = memory.Dense(dWeight),
            DBias = memory.Dense(dBias),
        };
        var flops = 2.0 * arguments.Rows * arguments.Hidden * arguments.Classes;
        var loss = tensor(ReadoutKernel.Run(arguments, ThreadChoice.For(flops)), dtype: features.dtype); // []
        memory.Release();
        classes.Release();
        gradients.AddRange(new[] { dFeatures, dWeight, dBias }.OfType<Tensor>());
        gradients.ForEach(gradient => gradient.MoveToOuterDisposeScope());
        return loss.MoveToOuterDisposeScope();
    }

    private static Tensor? Like(Tensor? value, bool wanted) => wanted ? empty(value!.shape, dtype: value.dtype) : null;
}
