using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Tests.Cli;
using RnnZoo.Tests.Documentation;
using RnnZoo.Tests.Packages;
using TorchSharp;

namespace RnnZoo.Tests.Notebooks;

/// <summary>The lessons in notebooks/, and their twins.</summary>
public sealed class LessonTests : IDisposable
{
    private static readonly string Lessons = Path.Combine(Repository.Root, "notebooks");

    private readonly TemporaryFolder _folder = new();

    private readonly int _threads = torch.get_num_threads();

    public static TheoryData<string> Names => [.. Directory.GetFiles(Lessons, "*.ipynb").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Notebooks_ShowWhatTheyShowedBefore()
    {
        var run = await CliRun.Of(Repository.Root, "notebooks --check");

        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        Assert.Equal(Names.Count, run.Output.Split('\n').Count(line => line.Contains(".ipynb: unchanged", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Twins_TellTheStoryAndDrawAChart(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Lessons, name + ".cs"));
        Assert.Contains($"]({name}.ipynb)", File.ReadAllText(Path.Combine(Lessons, "README.md")), StringComparison.Ordinal);
        Assert.Equal("#:project ../src/RnnZoo/RnnZoo.csproj", lines[0]);

        var printed = ExampleProgram.Run(string.Join('\n', lines.Where(line => !line.StartsWith("#:", StringComparison.Ordinal))), _folder.Path);

        var picture = Assert.Single(Directory.GetFiles(_folder.Path));
        Assert.Equal("svg", XElement.Load(picture).Name.LocalName);
        Assert.Equal($"Chart: {picture}", printed[^1]);
        Assert.True(printed.Count(line => char.IsDigit(line[0])) >= 3, "expected numbered parts");
    }

    [Fact]
    public async Task ATwin_RunsByDotNetRun()
    {
        var printed = await DotNet.RunAsync(DotNet.MachineCache, Repository.Root, "dotnet", "run", "notebooks/02-bptt-by-hand.cs", "--", _folder.Path);

        Assert.Contains(" comparisons, 0 failed", printed, StringComparison.Ordinal);
        Assert.Equal("02-bptt-by-hand.svg", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder.Path))));
    }

    public void Dispose()
    {
        torch.set_num_threads(_threads);
        _folder.Dispose();
    }
}
