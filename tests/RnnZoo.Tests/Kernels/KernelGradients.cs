using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>All gradients of a layer as double arrays.</summary>
internal sealed class KernelGradients(LayerShape shape)
{
    public double[] DX { get; } = new double[shape.Steps * shape.Batch * shape.Input];

    public double[] DWeightIh { get; } = new double[shape.Gates * shape.Hidden * shape.Input];

    public double[] DWeightHh { get; } = new double[shape.Gates * shape.Hidden * shape.Hidden];

    public double[] DBiasIh { get; } = new double[shape.Gates * shape.Hidden];

    public double[] DBiasHh { get; } = new double[shape.Gates * shape.Hidden];

    public double[] DActivationBias { get; } = new double[shape.Hidden];

    public double[] DH0 { get; } = new double[shape.Batch * shape.Hidden];

    public double[] DC0 { get; } = new double[shape.Batch * shape.Hidden];

    public double[] SquaredNormDH { get; } = new double[shape.Steps];

    public double[] SquaredNormDHFromFuture { get; } = new double[shape.Steps];

    public double[] SquaredNormDC { get; } = new double[shape.Steps];

    public double[] SquaredNormDCFromFuture { get; } = new double[shape.Steps];

    /// <summary>[T][G·H, H] by time index: every step's own term of DWeightHh.</summary>
    public double[][] Terms { get; } = [.. Enumerable.Range(0, shape.Steps).Select(_ => new double[shape.Gates * shape.Hidden * shape.Hidden])];

    public double[] SquaredShares { get; } = new double[shape.Steps];
}
