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
