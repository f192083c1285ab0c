using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RnnZoo.Cli;
using RnnZoo.Tests.Cli;

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
    public async Task CommandLineStart_RunsAsWritten()
    {
        using var folder = new TemporaryFolder();
        var line = Block("bash")[0].TrimEnd();
        const string Program = "dotnet run --project src/RnnZoo.Cli -- ";
        Assert.StartsWith(Program + "compare copy ", line, StringComparison.Ordinal);

        var run = await CliRun.Of(folder.Path, line[Program.Length..]);

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Contains("recall", run.Output, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(folder.Path, "*.svg", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task NotebookStart_RunsAsWritten_AndShowsAChart()
    {
        // The cell's paths are relative to a folder of the clone.
        var place = Directory.CreateDirectory(Path.Combine(Repository.Root, $"runs-{Guid.NewGuid():N}")).FullName;
        try
        {
            var path = Path.Combine(place, "start.ipynb");
            var cell = Block("c#").Single();
            var json = new JsonObject
            {
                ["cells"] = new JsonArray(new JsonObject { ["cell_type"] = "code", ["metadata"] = new JsonObject(), ["source"] = cell, ["outputs"] = new JsonArray() }),
                ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp" } },
                ["nbformat"] = 4,
            };
            await File.WriteAllTextAsync(path, json.ToJsonString());

            var run = await CliRun.Of(place, "notebooks --file start.ipynb");

            Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
            var saved = JsonNode.Parse(await File.ReadAllTextAsync(path))!["cells"]![0]!["outputs"]![0]!;
            Assert.Contains("lstm on the copy task (delay 5, symbols 3)", saved["data"]!["image/svg+xml"]!.ToJsonString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static string[] Block(string language) =>
        [.. Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, "README.md")), $"^```{language}\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline).Select(block => block.Groups[1].Value)];

    private static string[] Examples() => new MarkdownPage("README.md").Code();

    private static string[] Run(string code) => ExampleProgram.Run(code);

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
}
