using System.Globalization;
using System.Text.RegularExpressions;

namespace RnnZoo.Tests.Documentation;

/// <summary>The README's code, taken from the README as it stands, compiled and run.</summary>
public class ReadmeTests
{
    [Fact]
    public void FirstExample_TrainsBelowTheMemorylessLoss()
    {
        var lines = Run(Examples()[0]);

        Assert.Equal(3, lines.Length);
        var last = Regex.Match(lines[^1], @"^step 300: ([0-9.]+) nats per step \(memoryless ([0-9.]+)\)$");
        Assert.True(last.Success, $"unexpected last line: {lines[^1]}");
        Assert.InRange(Number(last.Groups[1]), 0, 0.5 * Number(last.Groups[2]));
    }

    [Fact]
    public void ExampleOfLookingInside_PrintsANormAndAJacobiansSize()
    {
        var lines = Run(Examples()[1]);

        var norms = Regex.Match(lines[0], @"^norm of dL/dc at the last step ([-+.0-9E]+), at the first ([-+.0-9E]+)$");
        Assert.True(norms.Success, $"unexpected line: {lines[0]}");
        Assert.InRange(Number(norms.Groups[2]), 0, Number(norms.Groups[1]));
        Assert.Matches(@"^ln of the norm of ds_100/ds_90: -[.0-9]+$", lines[1]);
    }

    [Fact]
    public void ExampleOfLongSequences_Runs()
    {
        Assert.Equal(3, Examples().Length);
        Assert.Empty(Run(Examples()[2]));
    }

    private static string[] Examples() => new MarkdownPage("README.md").Code();

    private static string[] Run(string code) => ExampleProgram.Run(code);

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
}
