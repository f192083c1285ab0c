using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>The comparisons of a verification.</summary>
/// <param name="Checks">One for each tensor of each pair of ways.</param>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record GradientReport(IReadOnlyList<GradientComparison> Checks) : Display.ITable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new FiniteOrNull() }, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>Whether there is at least one comparison and all passed.</summary>
    [JsonPropertyOrder(-1)]
    public bool Passed => Checks.Count > 0 && Checks.All(check => check.Passed);

    /// <summary>The comparisons that failed.</summary>
    [JsonIgnore]
    public IEnumerable<GradientComparison> Failures => Checks.Where(check => !check.Passed);

    /// <summary>All comparisons of several reports.</summary>
    /// <param name="reports">The reports.</param>
    public static GradientReport Join(IEnumerable<GradientReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return new GradientReport([.. reports.SelectMany(report => report.Checks)]);
    }

    /// <summary>
    /// The report as JSON: <c>passed</c> and <c>checks</c>, each with <c>cell</c>, <c>net</c>, <c>path</c>, <c>against</c>,
    /// <c>dtype</c>, <c>tensor</c>, <c>maxAbsolute</c>, <c>maxRelative</c>, <c>index</c> and <c>passed</c>. A number that is
    /// not finite is null.
    /// </summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The report for a notebook: the worst comparison of each net, path and reference.</summary>
    /// <returns>A table as HTML.</returns>
    public string ToHtml()
    {
        var table = new Display.HtmlTable(Passed ? $"all {Checks.Count} comparisons passed" : $"{Failures.Count()} of {Checks.Count} comparisons failed",
            "cell", "net", "path", "against", "dtype", "worst tensor", "largest relative error", "passed");
        foreach (var group in Checks.GroupBy(check => (check.Cell, check.Net, check.Path, check.Against, check.DType)))
        {
            // One that failed is worse than any that passed, and NaN is no small error.
            var worst = group.OrderBy(check => check.Passed).ThenByDescending(check => double.IsNaN(check.MaxRelative) ? double.PositiveInfinity : check.MaxRelative).First();
            table.Add(worst.Cell, worst.Net, worst.Path, worst.Against, worst.DType, worst.Tensor, worst.MaxRelative, worst.Passed ? "yes" : "no");
        }

        return table.ToString();
    }

    /// <summary>Writes the object that <see cref="ToJson"/> describes.</summary>
    /// <param name="json">Where to write.</param>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        JsonSerializer.Serialize(json, this, Json);
    }

    // JSON has no word for what is not finite.
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}

/// <summary>How far one tensor of one way through a recurrence is from the same tensor of another.</summary>
public sealed record GradientComparison
{
    /// <summary>The net's name (<c>lstm</c>), or the type name of a user's own cell.</summary>
    public required string Cell { get; init; }

    /// <summary>What else tells this net from others of its cell: activation, layers, directions, bias, or the case file.</summary>
    public required string Net { get; init; }

    /// <summary>The path that is checked: <c>handwritten</c>, <c>autograd</c> or <c>native</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What it is checked against: <c>autograd</c>, <c>native</c>, <c>finite-differences</c> or <c>pytorch</c>.</summary>
    public required string Against { get; init; }

    /// <summary><c>float32</c> or <c>float64</c>.</summary>
    [JsonPropertyName("dtype")]
    public required string DType { get; init; }

    /// <summary>An output (<c>output</c>, <c>hn</c>, <c>cn</c>), or what the gradient is of: <c>input</c>, <c>h0</c>, <c>c0</c> or a parameter's key.</summary>
    public required string Tensor { get; init; }

    /// <summary>max |a - b|; NaN or infinite if anything in either is.</summary>
    public required double MaxAbsolute { get; init; }

    /// <summary>max |a - b| / max |b| over the tensor; the absolute error where b is zero throughout.</summary>
    public required double MaxRelative { get; init; }

    /// <summary>Where the largest difference sits; the first NaN if there is one.</summary>
    public required IReadOnlyList<long> Index { get; init; }

    /// <summary>Whether the tensors agree within the tolerance of this comparison.</summary>
    public required bool Passed { get; init; }
}

/// <summary>Collects the comparisons of one path of one net.</summary>
internal sealed class ReportBuilder(string cell, string net, string path, string dtype)
{
    private readonly List<GradientComparison> _checks = [];

    public GradientReport Report() => new(_checks);

    /// <summary>Outputs and gradients against those of another path or library.</summary>
    public void Compare(string against, PathResult actual, PathResult expected, double tolerance)
    {
        Compare(against, actual.Outputs, expected.Outputs, (a, b) => TensorDistance.Relative(a, b, tolerance));
        Compare(against, actual.Gradients, expected.Gradients, (a, b) => TensorDistance.Relative(a, b, tolerance));
    }

    /// <summary>Gradients against finite differences.</summary>
    public void CompareDifferences(PathResult actual, IReadOnlyDictionary<string, Tensor> expected, GradientCheckOptions options) =>
        Compare("finite-differences", actual.Gradients, expected, (a, b) => TensorDistance.EachWithin(a, b, options.AbsoluteDifference, options.RelativeDifference));

    private void Compare(string against, IReadOnlyDictionary<string, Tensor> actual, IReadOnlyDictionary<string, Tensor> expected, Func<Tensor, Tensor, TensorDistance.Distance> measure)
    {
        foreach (var (name, value) in expected)
        {
            var distance = measure(actual[name], value);
            _checks.Add(new GradientComparison
            {
                Cell = cell,
                Net = net,
                Path = path,
                Against = against,
                DType = dtype,
                Tensor = name,
                MaxAbsolute = distance.MaxAbsolute,
                MaxRelative = distance.MaxRelative,
                Index = distance.Index,
                Passed = distance.Passed,
            });
        }
    }
}

/// <summary>The distance of two tensors.</summary>
internal static class TensorDistance
{
    /// <summary>Passes if max |a - b| is at most <paramref name="tolerance"/> · max |b|, or at most the tolerance where b is zero throughout.</summary>
    public static Distance Relative(Tensor a, Tensor b, double tolerance)
    {
        var (distance, _) = Measure(a, b);
        return distance with { Passed = distance.MaxRelative <= tolerance }; // false for NaN
    }

    /// <summary>Passes if each |a - b| is at most absolute + relative · |b|.</summary>
    public static Distance EachWithin(Tensor a, Tensor b, double absolute, double relative)
    {
        using var scope = NewDisposeScope();
        var (distance, difference) = Measure(a, b);
        var allowed = b.detach().to(ScalarType.Float64).abs().mul(Scalars.Of(relative)).Plus(Scalars.Of(absolute)).reshape(difference.shape);
        var within = difference.le(allowed).all().item<bool>(); // false for NaN
        return distance with { Passed = within && double.IsFinite(distance.MaxAbsolute) };
    }

    private static (Distance Distance, Tensor Difference) Measure(Tensor a, Tensor b)
    {
        if (!a.shape.SequenceEqual(b.shape))
        {
            throw new ArgumentException($"expected tensors of one shape, got [{string.Join(", ", a.shape)}] and [{string.Join(", ", b.shape)}].");
        }

        using var scope = NewDisposeScope();
        var reference = b.detach().cpu().to(ScalarType.Float64).reshape(-1);
        var difference = a.detach().cpu().to(ScalarType.Float64).reshape(-1).sub(reference).abs();
        if (difference.NumberOfElements == 0)
        {
            throw new ArgumentException("expected at least one number to compare, got none.");
        }

        var worst = difference.argmax().item<long>();
        var (maxAbsolute, scale) = (difference[worst].item<double>(), reference.abs().max().item<double>());
        var maxRelative = scale == 0 ? maxAbsolute : maxAbsolute / scale;
        var distance = new Distance(maxAbsolute, double.IsFinite(maxAbsolute) ? maxRelative : double.NaN, Unravel(worst, a.shape), Passed: false);
        return (distance, difference.MoveToOuterDisposeScope());
    }

    private static long[] Unravel(long flat, long[] shape)
    {
        var index = new long[shape.Length];
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            (flat, index[axis]) = Math.DivRem(flat, shape[axis]);
        }

        return index;
    }

    internal sealed record Distance(double MaxAbsolute, double MaxRelative, long[] Index, bool Passed);
}

/// <summary>Nets as reports name them.</summary>
internal static class NetName
{
    /// <summary><c>2 layers, bidirectional, no bias</c> and the like; a vanilla net begins with its activation.</summary>
    public static string Of(IRecurrentModule module)
    {
        var cell = module.CellAt(0);
        List<string> parts = [module.NumLayers == 1 ? "1 layer" : $"{module.NumLayers} layers"];
        if (cell is VanillaRnnCell vanilla)
        {
            parts.Insert(0, vanilla.Activation.ToString().ToLowerInvariant());
        }

        Add(module.NumDirections == 2, "bidirectional");
        Add(cell is EquationCell { bias_ih: null }, "no bias");
        Add(module.BatchFirst, "batch first");
        return string.Join(", ", parts);

        void Add(bool applies, string part)
        {
            if (applies)
            {
                parts.Add(part);
            }
        }
    }
}

/// <summary>The paths as reports name them.</summary>
internal static class PathNames
{
    /// <summary>The hand-written path without its kernels.</summary>
    public const string Equations = "equations";

    public static string Of(BackwardPath path) => path switch
    {
        BackwardPath.HandWritten => "handwritten",
        BackwardPath.Autograd => "autograd",
        BackwardPath.Native => "native",
        _ => throw new ArgumentException($"path: expected HandWritten, Autograd or Native, got {path}."),
    };
}
