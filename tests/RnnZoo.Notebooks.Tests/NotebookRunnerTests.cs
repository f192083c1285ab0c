using System.Text.Json.Nodes;
using Microsoft.DotNet.Interactive.Documents;
using RnnZoo.Fuzz;
using RnnZoo.Notebooks;

namespace RnnZoo.Tests.Notebooks;

/// <summary>The runner, on notebooks made for it.</summary>
public sealed class NotebookRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task CodeCells_RunInOrder_AndTheirOutputsAreSaved()
    {
        var path = Write(("markdown", "# Text", []), ("code", "var x = 2;\nConsole.WriteLine(\"printed\");", []), ("code", "display(x); Console.Write(\"between\");\nx * 21", []));

        Assert.Equal(2, (await RunAndSave(path)).Count);

        var saved = NotebookRunner.CodeCells(NotebookRunner.Load(path));
        Assert.Equal([1, 2], saved.Select(cell => cell.ExecutionOrder));
        Assert.Equal("printed\n", Assert.IsType<TextElement>(Assert.Single(saved[0].Outputs)).Text);
        Assert.Contains("<pre>2</pre>", string.Concat((IEnumerable<object>)Assert.IsType<DisplayElement>(saved[1].Outputs[0]).Data["text/html"]), StringComparison.Ordinal);
        Assert.Equal("between", Assert.IsType<TextElement>(saved[1].Outputs[1]).Text);
        Assert.Equal(["text/html"], Assert.IsType<ReturnValueElement>(saved[1].Outputs[2]).Data.Keys);
        Assert.Empty(await RunAndSave(path));
    }

    [Fact]
    public async Task Directives_AreRelativeToTheNotebook()
    {
        await File.WriteAllTextAsync(_folder.File("other.csx"), "var fromOther = 7;");

        await RunAndSave(Write(("code", "#load \"other.csx\"\nConsole.Write(fromOther);", []), ("code", "Console.Write(System.IO.File.Exists(\"other.csx\"));", [])));

        Assert.Equal(["7", "True"], Printed(_last));
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
        var path = Write(("code", before, []));
        await RunAndSave(path);
        var json = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        json["cells"]![0]!["source"] = after;
        await File.WriteAllTextAsync(path, json.ToJsonString());

        Assert.Equal(expected, (await NotebookRunner.RunAsync(path, NotebookRunner.Load(path))).Count);
    }

    [Fact]
    public void Pictures_AreComparedByTheirWordsAndNumbers()
    {
        static InteractiveDocumentOutputElement[] Of(string number, int place) =>
            [new DisplayElement(new Dictionary<string, object> { ["text/html"] = $"<svg><title>t</title><desc>from {number}</desc><rect x='{place}'/></svg>" })];

        Assert.Empty(OutputComparer.Changes("here", Of("1.5", 3), Of("1.5", 900), 0.01));
        Assert.Single(OutputComparer.Changes("here", Of("1.5", 3), Of("1.6", 3), 0.01));
    }

    [Theory]
    [InlineData("Console.Write(3.1416);", "3.1416: expected at most 3 significant digits")]
    [InlineData("int x = \"a\";", "code cell 1 does not compile: (1,9): error CS0029")]
    [InlineData("throw new InvalidOperationException(\"no luck\");", "code cell 1 fails: InvalidOperationException: no luck")]
    [InlineData("File.Exists(\"a\")", "code cell 1 does not compile")] // the kernel imports no System.IO
    [InlineData("int x = 1; int F() { return 2; int y = 3; }", "a warning of the compiler")]
    public async Task WrongCells_FailWithTheirNumber(string code, string expected)
    {
        var path = Write(("code", code, []));

        var wrong = await Assert.ThrowsAsync<NotebookException>(() => NotebookRunner.RunAsync(path, NotebookRunner.Load(path)));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExemptCells_AreNotCompared_AndMayBeAQuarterAtMost()
    {
        (string, string, string[]) plain = ("code", "1", []);
        (string, string, string[]) timing = ("code", "Console.Write(Environment.TickCount64 + 0.12345);", ["timing"]);
        var path = Write(plain, plain, plain, timing);
        await RunAndSave(path);
        var before = Printed(path);
        await Task.Delay(20);

        Assert.Empty(await RunAndSave(path));
        Assert.NotEqual(before, Printed(path)); // saved anew
        var wrong = Assert.Throws<NotebookException>(() => NotebookRunner.Load(Write(plain, plain, timing)));
        Assert.Contains("got 1 of 3", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "expected a notebook in format 4")]
    [InlineData("{", "expected a notebook in format 4")]
    [InlineData("[]", "expected a notebook in format 4")]
    [InlineData("null", "expected a notebook in format 4")]
    [InlineData("{\"cells\":[null]}", "expected a notebook in format 4")]
    [InlineData("{\"cells\":[7]}", "expected a notebook in format 4")]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":[7]}]}", "expected a notebook in format 4")]
    [InlineData("{\"cells\":[]}", "expected a notebook of the kernel .net-csharp")]
    [InlineData("{\"cells\":[],\"metadata\":{\"kernelspec\":{\"name\":\"python3\"}}}", "expected a notebook of the kernel .net-csharp")]
    [InlineData("{\"cells\":[],\"metadata\":{\"kernelspec\":{\"name\":\".net-csharp\"}}}", "got 0 of 0")]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":\"1\",\"metadata\":{\"tolerance\":\"all\"}}],\"metadata\":{\"kernelspec\":{\"name\":\".net-csharp\"}}}", "code cell 1: metadata.tolerance: expected a number from 0 to below 1, got all.")]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":\"1\",\"metadata\":{\"tolerance\":-0.1}}],\"metadata\":{\"kernelspec\":{\"name\":\".net-csharp\"}}}", "code cell 1: metadata.tolerance: expected a number from 0 to below 1, got -0.1.")]
    public async Task WhatIsNoNotebook_IsRefused(string text, string expected)
    {
        var path = _folder.File("wrong.ipynb");
        await File.WriteAllTextAsync(path, text);

        var wrong = Assert.Throws<NotebookException>(() => NotebookRunner.Load(path));

        Assert.StartsWith(path, wrong.Message, StringComparison.Ordinal);
        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    /// <remarks>The variable RNNZOO_FUZZ_SEED gives other changes.</remarks>
    [Theory]
    [MemberData(nameof(Lessons))]
    public void ChangedFiles_AreReadOrRefusedByName(string lesson)
    {
        var (original, path, seed) = (File.ReadAllBytes(lesson), _folder.File("changed.ipynb"), int.Parse(Environment.GetEnvironmentVariable("RNNZOO_FUZZ_SEED") ?? "1"));
        var refused = 0;
        for (var change = 0; change < 200; change++)
        {
            File.WriteAllBytes(path, Damage.Of(original, new Random((seed * 1_000_003) + change)));
            try
            {
                NotebookRunner.Load(path);
            }
            catch (NotebookException wrong)
            {
                Assert.StartsWith(path, wrong.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 20, 190);
    }

    public static TheoryData<string> Lessons => [.. Directory.GetFiles(Path.Combine(Repository.Root, "notebooks"), "*.ipynb").Order(StringComparer.Ordinal)];

    /// <summary>That they still show what they showed is checked beside the command that runs them.</summary>
    [Theory]
    [MemberData(nameof(Lessons))]
    public void Lessons_KeepTheRules_AndShowPictures(string path)
    {
        var code = NotebookRunner.CodeCells(NotebookRunner.Load(path));

        Assert.StartsWith("#r \"../artifacts/notebook/RnnZoo.dll\"", code[0].Contents, StringComparison.Ordinal);
        Assert.Contains(code, cell => cell.Contents.Contains("set_num_threads(1)", StringComparison.Ordinal));
        var forms = code.SelectMany(cell => cell.Outputs).OfType<ReturnValueElement>().SelectMany(value => value.Data.Keys).Distinct();
        Assert.Contains("image/svg+xml", forms);
        Assert.Subset(new HashSet<string> { "image/svg+xml", "text/html" }, forms.ToHashSet());
    }

    public void Dispose() => _folder.Dispose();

    private int _written;

    private string _last = "";

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
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp", ["language"] = "C#" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        _last = _folder.File($"lesson{++_written}.ipynb");
        File.WriteAllText(_last, json.ToJsonString());
        return _last;
    }

    private static async Task<IReadOnlyList<string>> RunAndSave(string path)
    {
        var notebook = NotebookRunner.Load(path);
        var changes = await NotebookRunner.RunAsync(path, notebook);
        NotebookRunner.Save(path, notebook);
        return changes;
    }

    private static string[] Printed(string path) =>
        [.. NotebookRunner.CodeCells(NotebookRunner.Load(path)).SelectMany(cell => cell.Outputs).OfType<TextElement>().Select(output => output.Text)];
}
