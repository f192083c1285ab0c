using RnnZoo.Cli;
using RnnZoo.Tests.Cli;

namespace RnnZoo.Tests.Notebooks;

/// <summary>`rnnzoo notebooks`, on notebooks made for it.</summary>
public sealed class NotebooksCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task WithoutNotebooks_SaysWhereItLooked()
    {
        var run = await CliRun.Of(_folder.Path, "notebooks");

        Assert.Equal((ExitCodes.Usage, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"rnnzoo notebooks: expected notebooks in {_folder.File("notebooks")}, got none", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HelpEndsWithAnExample_AndAMissingFileIsNamed()
    {
        var help = await CliRun.Of(_folder.Path, "notebooks --help");
        var run = await CliRun.Of(_folder.Path, "notebooks --file none.ipynb");

        Assert.EndsWith("rnnzoo notebooks --check --file notebooks/01-vanishing-gradient.ipynb", help.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, "--file: expected a notebook, got 'none.ipynb', which is no file." + Environment.NewLine), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task SavesAndChecks_InAProcessOfItsOwn()
    {
        var path = _folder.File("lesson.ipynb");
        await File.WriteAllTextAsync(path, """{"cells":[{"cell_type":"code","source":"Console.Write(1.5);","metadata":{}}],"metadata":{"kernelspec":{"name":".net-csharp","language":"C#"}},"nbformat":4,"nbformat_minor":5}""");

        var stale = await CliRun.Of(_folder.Path, $"notebooks --file {path} --check");
        var run = await CliRun.Of(_folder.Path, $"notebooks --file {path}");
        var check = await CliRun.Of(_folder.Path, $"notebooks --file {path} --check");

        Assert.Equal(ExitCodes.Failure, stale.ExitCode);
        Assert.Contains("lesson.ipynb, code cell 1: expected, as saved, no output, got stdout.", stale.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        Assert.Equal((ExitCodes.Success, ""), (check.ExitCode, check.Error));
        Assert.Matches(@"^lesson\.ipynb: unchanged \([0-9.]+ s\)\n$", check.Output);
    }

    public void Dispose() => _folder.Dispose();
}
