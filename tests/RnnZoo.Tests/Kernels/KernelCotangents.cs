using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>Random gradients that come in from outside; null where there is none.</summary>
internal sealed class KernelCotangents(LayerShape shape, Random random, bool output = true, bool final = true)
{
    public double[]? DOutput { get; } =
        output ? LayerData.Values(random, shape.Steps * shape.Batch * shape.Hidden, 1) : null;

    public double[]? DHN { get; } = final ? LayerData.Values(random, shape.Batch * shape.Hidden, 1) : null;

    public double[]? DCN { get; } = final ? LayerData.Values(random, shape.Batch * shape.Hidden, 1) : null;
}
