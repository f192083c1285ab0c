using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// What a net is verified on: an input, an initial state, and a cotangent for each output. The loss is
/// Σ output · cotangent over all outputs.
/// </summary>
internal sealed record Sample(Tensor Input, RecurrentState Initial, IReadOnlyList<Tensor> Cotangents)
{
    /// <summary>Normal random numbers; drawn in float64 on the CPU, so that they do not depend on type and device.</summary>
    public static Sample Draw(IRecurrentModule module, GradientCheckOptions options, ScalarType dtype, Device device)
    {
        using var generator = new Generator(options.Seed);
        var (steps, batch, rows) = (options.Steps, options.Batch, module.NumLayers * module.NumDirections);
        long[] leading = module.BatchFirst ? [batch, steps] : [steps, batch];
        var input = Normal([.. leading, module.InputSize]); // [T, B, I]
        var initial = new RecurrentState([.. module.StateSizes.Select(size => Normal([rows, batch, size]))]); // [L·D, B, S]
        Tensor[] cotangents =
        [
            Normal([.. leading, module.NumDirections * module.HiddenSize]), // [T, B, D·H]
            .. module.StateSizes.Select(size => Normal([rows, batch, size])), // [L·D, B, S]
        ];
        return new Sample(input, initial, cotangents);

        Tensor Normal(long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).to(dtype, device);
    }

    /// <summary><c>output</c>, <c>hn</c>, <c>cn</c>; further parts of a user's state by number.</summary>
    public IEnumerable<string> OutputNames() => ["output", .. Enumerable.Range(0, Initial.Count).Select(part => PartName(part, "n"))];

    /// <summary><c>h0</c>, <c>c0</c>; further parts of a user's state by number.</summary>
    public IEnumerable<string> StateNames() => Enumerable.Range(0, Initial.Count).Select(part => PartName(part, "0"));

    private static string PartName(int part, string suffix) => part switch { 0 => "h" + suffix, 1 => "c" + suffix, _ => $"state{part}_{suffix}" };
}
