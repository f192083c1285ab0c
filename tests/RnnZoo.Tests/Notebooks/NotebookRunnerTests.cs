using System.Text.Json.Nodes;
using RnnZoo.Cli;
using RnnZoo.Notebooks;
using RnnZoo.Tests.Cli;

namespace RnnZoo.Tests.Notebooks;

/// <summary>The runner, on notebooks made for it.</summary>
public sealed class NotebookRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task CodeCells_RunInOrder_AndTheirOutputsAreSaved()
    {
        var path = Write(("markdown", "# Text", []), ("code", "var x = 2;\nConsole.WriteLine(\"printed\");", []), ("code", "display(x); Console.Write(\"between\");\nx * 21", []));

        var saved = await RunAndSave(path);

        Assert.Empty(saved.Cells[0].Outputs);
        Assert.Equal([("stream", "printed\n")], Shown(saved.Cells[1]));
        Assert.Equal([("display_data", "2"), ("stream", "between"), ("execute_result", "42")], Shown(saved.Cells[2]));
        Assert.Equal(2, (int?)JsonNode.Parse(await File.ReadAllTextAsync(path))!["cells"]![2]!["execution_count"]);
        Assert.All(await NotebookRunner.RunAsync(saved), result => Assert.Empty(result.Changes));
    }

    [Fact]
    public async Task Directives_AreRelativeToTheNotebook()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "other.csx"), "var fromOther = 7;");
        var path = Write(("code", "#load \"other.csx\"\nfromOther", []), ("code", "System.IO.File.Exists(\"other.csx\")", []));

        var saved = await RunAndSave(path);

        Assert.Equal(("execute_result", "7"), Shown(saved.Cells[0]).Single());
        Assert.Equal(("execute_result", "True"), Shown(saved.Cells[1]).Single());
    }

    [Theory]
    [InlineData("Console.Write(1.00);", "Console.Write(1.01);", 0)] // within the tolerance of 1 %
    [InlineData("Console.Write(1.00);", "Console.Write(1.02);", 1)]
    [InlineData("Console.Write(\"a 5\");", "Console.Write(\"b 5\");", 1)]
    [InlineData("Console.Write(\"a\");", "", 1)]
    [InlineData("Console.Write(5);", "5", 1)] // printed before, a value now
    [InlineData("Console.Write(7.89e-31);", "Console.Write(7.88e-31);", 0)]
    [InlineData("Console.Write(7.89e-31);", "Console.Write(3e-12);", 1)] // small, but a result
    [InlineData("Console.Write(7.89e-31);", "Console.Write(0);", 1)]
    [InlineData("Console.Write(0);", "Console.Write(0.0);", 0)]
    [InlineData("Console.Write(2);", "Console.Write(-2);", 1)]
    [InlineData("Console.Write(\"a 0.98  b\");", "Console.Write(\"a 0.979 b\");", 0)] // a column's spaces
    [InlineData("Console.Write(\"a b\");", "Console.Write(\"ab\");", 1)]
    public async Task Changes_AreFoundBeyondTheTolerance(string before, string after, int expected)
    {
        var first = await RunAndSave(Write(("code", before, [])));
        var path = Write(("code", after, []));
        var json = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        json["cells"]![0]!["outputs"] = JsonNode.Parse(await File.ReadAllTextAsync(first.Path))!["cells"]![0]!["outputs"]!.DeepClone();
        await File.WriteAllTextAsync(path, json.ToJsonString());

        var result = Assert.Single(await NotebookRunner.RunAsync(Notebook.Load(path)));

        Assert.Equal(expected, result.Changes.Count);
    }

    [Fact]
    public void Pictures_AreComparedByTheirWordsAndNumbers()
    {
        static CellOutput Of(string number, int place) => new(CellOutput.Result, new Dictionary<string, string>
        {
            ["text/html"] = $"<svg><title>t</title><desc>from {number}</desc><rect x='{place}'/></svg>",
        });

        Assert.Empty(OutputComparer.Changes("here", [Of("1.5", 3)], [Of("1.5", 900)], 0.01));
        Assert.Single(OutputComparer.Changes("here", [Of("1.5", 3)], [Of("1.6", 3)], 0.01));
    }

    [Theory]
    [InlineData("Console.Write(3.1416);", "3.1416: expected at most 3 significant digits")]
    [InlineData("int x = \"a\";", "cell 1 does not compile")]
    [InlineData("throw new InvalidOperationException(\"no luck\");", "cell 1 fails: InvalidOperationException: no luck")]
    [InlineData("class Broken { public string ToHtml() => throw new InvalidOperationException(\"no picture\"); }\nnew Broken()", "cell 1 fails: InvalidOperationException: no picture")]
    [InlineData("display(null);", "cell 1 fails: NotebookException: shows null")]
    [InlineData("new object()", "a value of type System.Object has no display of its own")]
    public async Task WrongCells_FailWithTheirNumber(string code, string expected)
    {
        var notebook = Notebook.Load(Write(("code", code, [])));

        var wrong = await Assert.ThrowsAsync<NotebookException>(() => NotebookRunner.RunAsync(notebook));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExemptCells_AreNotCompared_AndMayBeAQuarterAtMost()
    {
        (string, string, string[]) plain = ("code", "1", []);
        (string, string, string[]) timing = ("code", "Environment.TickCount64 + 0.12345", ["timing"]);
        var saved = await RunAndSave(Write(plain, plain, plain, timing));
        await Task.Delay(20);

        Assert.All(await NotebookRunner.RunAsync(saved), result => Assert.Empty(result.Changes));
        var wrong = Assert.Throws<NotebookException>(() => Notebook.Load(Write(plain, plain, timing)).CheckRules());
        Assert.Contains("got 1 of 3", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "expected a notebook in format 4")]
    [InlineData("[]", "expected a notebook in format 4")]
    [InlineData("{\"nbformat\":3}", "expected a notebook in format 4")]
    [InlineData("{\"nbformat\":4,\"cells\":[null]}", "expected a notebook in format 4")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"metadata\":{\"tags\":[null]}}]}", "expected a notebook in format 4")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"metadata\":{\"tolerance\":1e999}}]}", "cell 1: metadata.tolerance: expected a number from 0 to below 1, got ")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"metadata\":{\"tolerance\":-0.1}}]}", "cell 1: metadata.tolerance: expected a number from 0 to below 1, got -0.1.")]
    public async Task WhatIsNoNotebook_IsRefused(string text, string expected)
    {
        var path = Path.Combine(_folder.Path, "wrong.ipynb");
        await File.WriteAllTextAsync(path, text);

        Assert.Contains(expected, Assert.Throws<NotebookException>(() => Notebook.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_WithoutNotebooks_SaysWhereItLooked()
    {
        var run = await CliRun.Of(_folder.Path, "notebooks");

        Assert.Equal((ExitCodes.Usage, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"rnnzoo notebooks: expected notebooks in {Path.Combine(_folder.Path, "notebooks")}, got none", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_HelpEndsWithAnExample_AndAMissingFileIsNamed()
    {
        var help = await CliRun.Of(_folder.Path, "notebooks --help");
        var run = await CliRun.Of(_folder.Path, "notebooks --file none.ipynb");

        Assert.EndsWith("rnnzoo notebooks --check --file notebooks/01-vanishing-gradient.ipynb", help.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, "--file: expected a notebook, got 'none.ipynb', which is no file." + Environment.NewLine), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Command_SavesAndChecks_InAProcessOfItsOwn()
    {
        var path = Write(("code", "Console.Write(1.5);", []));

        var stale = await CliRun.Of(_folder.Path, $"notebooks --file {path} --check");
        var run = await CliRun.Of(_folder.Path, $"notebooks --file {path}");
        var check = await CliRun.Of(_folder.Path, $"notebooks --file {path} --check");

        Assert.Equal(ExitCodes.Failure, stale.ExitCode);
        Assert.Contains("expected 0 outputs, as saved, got 1.", stale.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        Assert.Equal((ExitCodes.Success, ""), (check.ExitCode, check.Error));
        Assert.Matches(@"^lesson\d+\.ipynb: unchanged \([0-9.]+ s\)\n$", check.Output);
    }

    public void Dispose() => _folder.Dispose();

    private int _written;

    private string Write(params (string Kind, string Source, string[] Tags)[] cells)
    {
        var json = new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select(cell => (JsonNode)new JsonObject
            {
                ["cell_type"] = cell.Kind,
                ["metadata"] = new JsonObject { ["tags"] = new JsonArray([.. cell.Tags.Select(tag => (JsonNode)tag)]) },
                ["source"] = cell.Source,
            })]),
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        var path = Path.Combine(_folder.Path, $"lesson{++_written}.ipynb");
        File.WriteAllText(path, json.ToJsonString());
        return path;
    }

    private static async Task<Notebook> RunAndSave(string path)
    {
        var notebook = Notebook.Load(path);
        notebook.CheckRules();
        notebook.Update(await NotebookRunner.RunAsync(notebook));
        notebook.Save(path);
        return Notebook.Load(path);
    }

    private static IEnumerable<(string Kind, string Text)> Shown(NotebookCell cell) => cell.Outputs.Select(output => (output.Kind, output.Data["text/plain"]));
}
