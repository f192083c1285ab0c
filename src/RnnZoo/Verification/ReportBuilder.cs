using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>Collects the comparisons of one path of one net.</summary>
internal sealed class ReportBuilder(string cell, string net, string path, string dtype)
{
    private readonly List<GradientComparison> _checks = [];

    public GradientReport Report() => new(_checks);

    /// <summary>Outputs and gradients against those of another path or library.</summary>
    public void Compare(string against, PathResult actual, PathResult expected, double tolerance)
    {
        Compare(against, actual.Outputs, expected.Outputs, (a, b) => Comparing.Relative(a, b, tolerance));
        Compare(against, actual.Gradients, expected.Gradients, (a, b) => Comparing.Relative(a, b, tolerance));
    }

    /// <summary>Gradients against finite differences.</summary>
    public void CompareDifferences(PathResult actual, IReadOnlyDictionary<string, Tensor> expected, GradientCheckOptions options) =>
        Compare("finite-differences", actual.Gradients, expected, (a, b) => Comparing.EachWithin(a, b, options.AbsoluteDifference, options.RelativeDifference));

    private void Compare(string against, IReadOnlyDictionary<string, Tensor> actual, IReadOnlyDictionary<string, Tensor> expected, Func<Tensor, Tensor, Comparing.Distance> measure)
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
