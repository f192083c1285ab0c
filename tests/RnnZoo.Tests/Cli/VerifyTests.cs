using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RnnZoo.Cli;

namespace RnnZoo.Tests.Cli;

public class VerifyTests
{
    private static readonly string[] Paths = ["handwritten", "equations"];

    [Fact]
    public async Task Json_OfTheSuite_IsOneDocumentThatCoversTheCells()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "verify --cells vanilla,irnn,gru --seed 5 --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        var checks = run.Json.GetProperty("checks").EnumerateArray().ToArray();
        Assert.All(checks, check =>
        {
            Assert.True(check.GetProperty("passed").GetBoolean());
            Assert.Contains(Text(check, "path"), Paths);
            Assert.InRange(check.GetProperty("maxAbsolute").GetDouble(), 0, 1e-3);
            Assert.InRange(check.GetProperty("maxRelative").GetDouble(), 0, 1e-3);
            Assert.NotEmpty(check.GetProperty("index").EnumerateArray());
        });
        string[] layouts = ["1 layer", "1 layer, bidirectional", "2 layers", "2 layers, bidirectional"];
        (string, string)[] nets = [.. layouts.SelectMany(layout => new[] { ("vanilla", "tanh, " + layout), ("irnn", "relu, " + layout), ("gru", layout) })];
        (string, string)[] ways = [("autograd", "float32"), ("autograd", "float64"), ("finite-differences", "float64"), ("native", "float32"), ("native", "float64")];
        Assert.Equal(
            Paths.SelectMany(path => nets.SelectMany(net => ways.Select(way => (path, net, way)))).ToHashSet(),
            checks.Select(check => (Text(check, "path"), (Text(check, "cell"), Text(check, "net")), (Text(check, "against"), Text(check, "dtype")))).ToHashSet());
        string[] tensors = ["output", "hn", "input", "h0", "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];
        Assert.Equal(tensors, checks.Where(check => (Text(check, "path"), Text(check, "net"), Text(check, "against"), Text(check, "dtype")) == ("handwritten", "1 layer", "native", "float32"))
            .Select(check => Text(check, "tensor")));
    }

    [Fact]
    public async Task Seed_MakesTheRunAgain()
    {
        using var folder = new TemporaryFolder();

        var one = await CliRun.Of(folder.Path, "verify --cells vanilla --seed 5 --json");
        var again = await CliRun.Of(folder.Path, "verify --cells vanilla --seed 5 --json");
        var other = await CliRun.Of(folder.Path, "verify --cells vanilla --seed 6 --json");

        Assert.Equal(one.Output, again.Output);
        Assert.NotEqual(one.Output, other.Output);
    }

    [Fact]
    public async Task Table_HasOneRowForEachPair_AndFitsTheTerminal()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "verify --cells vanilla,irnn");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var lines = run.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["path: handwritten", "path: equations"], lines.Where(line => line.StartsWith("path: ", StringComparison.Ordinal)));
        Assert.Matches("^cell +against +dtype +checks +worst tensor +where +max abs +max rel +passed$", lines[1]);
        Assert.Equal(2 * 5, lines.Count(line => line.StartsWith("vanilla ", StringComparison.Ordinal) && line.EndsWith("yes", StringComparison.Ordinal)));
        Assert.Contains(lines, line => Regex.IsMatch(line, @"^vanilla +native +float32 +\d+ +\w+ +\[\d+(, \d+)*\] +\d\.\de-\d\d +\d\.\de-\d\d +yes$"));
        Assert.Matches(@"^[\d,]+ checks in \d+\.\d s: all passed\.$", lines[^1]);
        Assert.All(run.Output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 100));
        var progress = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2 * 2 * 2, progress.Length);
        Assert.StartsWith("vanilla (tanh, 1 layer): ", progress[0], StringComparison.Ordinal);
        Assert.StartsWith("irnn (relu, 2 layers, bidirectional): ", progress[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vanilla", 80)]
    [InlineData("vanilla", 100)]
    [InlineData("layernorm-lstm", 80)]
    [InlineData("layernorm-lstm", 100)]
    [InlineData("layernorm-lstm", 120)]
    public async Task Table_OfEveryWidthFrom80_BreaksNoWord(string cell, int width)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        await CliApplication.RunAsync(["verify", "--cells", cell], new CliHost(output, error) { Width = width });

        var text = output.ToString();
        Assert.All(text.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, width));
        string[] words = [.. cell == "vanilla" ? ["vanilla", "native"] : new[] { "layernorm-", "lstm" }, "against", "autograd", "differences", "float32", "float64", "worst tensor", "max abs", "max rel", "passed", "yes"];
        Assert.All(words, word => Assert.Contains(word, text, StringComparison.Ordinal));
        Assert.DoesNotContain("…", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnATerminal_WipesItsProgress()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await CliApplication.RunAsync(["verify", "--cases", Committed()], new CliHost(output, error) { ErrorIsTerminal = true, Width = 60 });

        Assert.Equal(ExitCodes.Success, code);
        var shown = error.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6 + 1, shown.Length);
        Assert.All(shown, line => Assert.Equal(59, line.Length));
        Assert.Equal("", shown[^1].Trim());
    }

    [Fact]
    public async Task Run_Cancelled_EndsWithItsOwnExitCode()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CliRun.Of(folder.Path, "verify --json", cancelled.Token);

        Assert.Equal((ExitCodes.Interrupted, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Cases_OfTheRepository_PassOnEveryPath()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(Path.GetDirectoryName(Committed())!, "verify --cases PyTorchCases --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var checks = run.Json.GetProperty("checks").EnumerateArray().ToArray();
        Assert.Equal(6, checks.Select(check => Text(check, "net")).Distinct().Count());
        Assert.All(checks.GroupBy(check => Text(check, "net")), @case =>
            Assert.Equal(["autograd", "equations", "handwritten", "native"], @case.Select(check => Text(check, "path")).Distinct().Order()));
        Assert.All(checks, check => Assert.Equal(("pytorch", "float64"), (Text(check, "against"), Text(check, "dtype"))));
    }

    [Fact]
    public async Task Cells_WithCases_ChoosesAmongTheFiles()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, $"verify --cases {Committed()} --cells gru --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.All(run.Json.GetProperty("checks").EnumerateArray(), check => Assert.Equal("gru", Text(check, "cell")));
    }

    [Theory]
    [InlineData("grads", "weight_hh_l0", "weight_hh_l0")]
    [InlineData("grads", "c0", "c0")]
    [InlineData("outputs", "hn", "hn")]
    public async Task Cases_WithOneTamperedNumber_FailAndListThatTensor(string section, string key, string tensor)
    {
        using var folder = new TemporaryFolder();
        Tamper(folder, section, key);

        var json = await CliRun.Of(folder.Path, "verify --cases . --json");
        var table = await CliRun.Of(folder.Path, "verify --cases .");

        Assert.Equal((ExitCodes.Failure, ExitCodes.Failure), (json.ExitCode, table.ExitCode));
        Assert.False(json.Json.GetProperty("passed").GetBoolean());
        var failed = json.Json.GetProperty("checks").EnumerateArray().Where(check => !check.GetProperty("passed").GetBoolean()).ToArray();
        Assert.Equal(4, failed.Length);
        Assert.All(failed, check => Assert.Equal((tensor, "tampered"), (Text(check, "tensor"), Text(check, "net"))));
        Assert.All(failed, check => Assert.Equal(JsonValueKind.Number, check.GetProperty("maxRelative").ValueKind));
        Assert.Equal(["autograd", "equations", "handwritten", "native"], failed.Select(check => Text(check, "path")).Order());
        string[] listed = [.. table.Output.Split('\n').Where(line => line.StartsWith("failed: ", StringComparison.Ordinal))];
        Assert.Equal(4, listed.Length);
        Assert.Contains(listed, line => line.StartsWith($"failed: lstm (tampered), float64, handwritten against pytorch: {tensor} [0, ", StringComparison.Ordinal));
        Assert.Contains(": 4 failed.", table.Output, StringComparison.Ordinal);
        Assert.Contains("against: pytorch, dtype: float64", table.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "expected a folder of case files, found none.")]
    [InlineData("empty", "expected at least one case file (*.json), found none;")]
    [InlineData("broken", "expected a PyTorch reference case:")]
    [InlineData("incomplete", "case: grads: expected ")]
    [InlineData("too-deep", "case: layers: expected at most one for each of the 4 parameters, got 1000000.")]
    [InlineData("other-cell", "expected at least one case of gru, found none.")]
    public async Task Cases_ThatCannotBeChecked_AreOneLineAndExitCode1(string what, string problem)
    {
        using var folder = new TemporaryFolder();
        var cases = folder.File("cases");
        if (what != "missing")
        {
            Directory.CreateDirectory(cases);
        }

        var good = File.ReadAllText(Path.Combine(Committed(), "lstm-one-step.json"));
        if (what == "broken")
        {
            File.WriteAllText(Path.Combine(cases, "a-good.json"), good);
            File.WriteAllText(Path.Combine(cases, "case.json"), good[..(good.Length / 2)]);
        }
        else if (what == "incomplete")
        {
            var root = JsonNode.Parse(good)!;
            root["grads"]!.AsObject().Remove("weight_hh_l0");
            File.WriteAllText(Path.Combine(cases, "a-good.json"), good);
            File.WriteAllText(Path.Combine(cases, "case.json"), root.ToJsonString());
        }
        else if (what == "too-deep")
        {
            var root = JsonNode.Parse(good)!;
            root["layers"] = 1_000_000;
            File.WriteAllText(Path.Combine(cases, "case.json"), root.ToJsonString());
        }
        else if (what == "other-cell")
        {
            File.WriteAllText(Path.Combine(cases, "case.json"), good);
        }

        var run = await CliRun.Of(folder.Path, "verify --json --cases cases" + (what == "other-cell" ? " --cells gru" : ""));

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("--cases: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static void Tamper(TemporaryFolder folder, string section, string key)
    {
        var root = JsonNode.Parse(File.ReadAllText(Path.Combine(Committed(), "lstm-one-step.json")))!;
        var data = root[section]![key]!["data"]!.AsArray();
        data[1] = data[1]!.GetValue<double>() + 1e-6;
        File.WriteAllText(folder.File("tampered.json"), root.ToJsonString());
    }

    private static string Text(JsonElement check, string name) => check.GetProperty(name).GetString()!;

    /// <summary>The reference cases of the repository.</summary>
    private static string Committed() => Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "PyTorchCases");
}
