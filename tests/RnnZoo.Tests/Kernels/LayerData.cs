using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>Inputs and outputs of a layer as double arrays, laid out as the kernels take them.</summary>
internal sealed class LayerData
{
    public LayerData(LayerShape shape, Random random, bool bias = true, bool initialState = true, bool tokens = false)
    {
        var (gates, hidden) = (shape.Gates, shape.Hidden);
        var bound = 1 / Math.Sqrt(hidden);
        X = Values(random, shape.Steps * shape.Batch * shape.Input, 1);
        WeightIh = Values(random, gates * hidden * shape.Input, Math.Min(1, 3 * bound));
        WeightHh = Values(random, gates * hidden * hidden, 1.5 * bound);
        BiasIh = bias ? Values(random, gates * hidden, 1) : null;
        BiasHh = bias ? Values(random, gates * hidden, 1) : null;
        ActivationBias = bias && shape.Cell == CellKind.ModRelu ? Values(random, hidden, 0.5) : null;
        H0 = initialState ? Values(random, shape.Batch * hidden, 1) : null;
        C0 = initialState ? Values(random, shape.Batch * hidden, 1) : null;
        if (tokens)
        {
            Tokens = [.. Enumerable.Range(0, shape.Steps * shape.Batch).Select(_ => random.Next(shape.Input))];
            X = [.. Tokens.SelectMany(token => Enumerable.Range(0, shape.Input).Select(i => i == token ? 1.0 : 0.0))];
        }

        Output = new double[shape.Steps * shape.Batch * hidden];
        HN = new double[shape.Batch * hidden];
        CN = new double[shape.Batch * hidden];
    }

    public double[] X { get; }

    /// <summary>[T, B] ids in place of X, which then holds their one-hot vectors; or null.</summary>
    public int[]? Tokens { get; }

    public double[] WeightIh { get; }

    public double[] WeightHh { get; }

    public double[]? BiasIh { get; }

    public double[]? BiasHh { get; }

    public double[]? ActivationBias { get; }

    public double[]? H0 { get; }

    public double[]? C0 { get; }

    public double[] Output { get; }

    public double[] HN { get; }

    public double[] CN { get; }

    // Values that float32 holds exactly: both element types then compute from the same numbers.
    public static double[] Values(Random random, int count, double scale)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(((2 * random.NextDouble()) - 1) * scale);
        }

        return values;
    }
}

/// <summary>Random gradients that come in from outside; null where there is none.</summary>
internal sealed class KernelCotangents(LayerShape shape, Random random, bool output = true, bool final = true)
{
    public double[]? DOutput { get; } =
        output ? LayerData.Values(random, shape.Steps * shape.Batch * shape.Hidden, 1) : null;

    public double[]? DHN { get; } = final ? LayerData.Values(random, shape.Batch * shape.Hidden, 1) : null;

    public double[]? DCN { get; } = final ? LayerData.Values(random, shape.Batch * shape.Hidden, 1) : null;
}

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

/// <summary>Gradients that a test asks for.</summary>
[Flags]
internal enum Wanted
{
    None = 0,
    DX = 1,
    DWeightIh = 2,
    DWeightHh = 4,
    DBiasIh = 8,
    DBiasHh = 16,
    DH0 = 32,
    DC0 = 64,
    Norms = 128,
    Shares = 256,
    DActivationBias = 512,
    All = 1023,
}
