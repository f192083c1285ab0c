using System.Text.Json.Nodes;
using RnnZoo.Verification;

namespace RnnZoo.Tests.Verification;

/// <summary>The reference cases from PyTorch, on every path, and the reader's errors.</summary>
public sealed class PyTorchCaseTests
{
    [Fact]
    public void CasesOfTheRepository_Pass() => ExpectPass(Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "PyTorchCases"), 6);

    [SkippableFact]
    public void SharedCases_Pass()
    {
        var folder = Environment.GetEnvironmentVariable("RNNZOO_FIXTURES") is { Length: > 0 } shared
            ? Path.Combine(shared, "fixtures", "pytorch")
            : Path.Combine(Repository.Root, "..", "shared", "fixtures", "pytorch");
        Skip.IfNot(Directory.Exists(folder), $"no reference cases at {folder}; set RNNZOO_FIXTURES to their folder");
        ExpectPass(folder, 5);
    }

    [Theory]
    [InlineData("outputs", "output")]
    [InlineData("outputs", "cn")]
    [InlineData("grads", "input")]
    [InlineData("grads", "h0")]
    [InlineData("grads", "weight_hh_l0")]
    public void OneWrongNumber_IsCaughtOnEveryPath(string section, string tensor)
    {
        using var folder = new TemporaryFolder();
        var root = Read("lstm-one-step.json");
        var data = root[section]![tensor]!["data"]!.AsArray();
        data[2] = data[2]!.GetValue<double>() + 1e-6;
        var report = Written(folder, root).Check();
        Assert.False(report.Passed);
        Assert.Equal(["autograd", "equations", "handwritten", "native"], report.Failures.Select(check => check.Path).Order());
        Assert.All(report.Failures, check => Assert.Equal((tensor, "pytorch"), (check.Tensor, check.Against)));
    }

    [Fact]
    public void FoldersWithoutCases_AreErrors()
    {
        using var folder = new TemporaryFolder();
        var missing = folder.File("nowhere");
        Assert.Equal($"{missing}: expected a folder of case files, found none.", Assert.Throws<DirectoryNotFoundException>(() => PyTorchCase.ReadFolder(missing)).Message);
        Assert.StartsWith($"{folder.Path}: expected at least one case file (*.json), found none", Assert.Throws<InvalidDataException>(() => PyTorchCase.ReadFolder(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "does not contain any JSON tokens")]
    [InlineData("{\"module\": ", "")]
    [InlineData("[]", "could not be converted")]
    [InlineData("{}", "missing required properties including: 'module'")]
    [InlineData("{\"module\": \"GRU\", \"module\": \"GRU\"}", "module")]
    [InlineData("{\"module\": 3}", "Path: $.module")]
    public void BrokenFile_IsNamed(string text, string problem)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("broken.json");
        File.WriteAllText(path, text);
        var thrown = Assert.Throws<InvalidDataException>(() => PyTorchCase.ReadFolder(folder.Path));
        Assert.StartsWith($"{path}: expected a PyTorch reference case: ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(problem, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("T", "0", "T: expected a whole number from 1 to 1048576, got 0.")]
    [InlineData("H", "5.5", "Path: $.H")]
    [InlineData("H", "\"5\"", "Path: $.H")]
    [InlineData("module", "\"TCN\"", "module: expected RNN, LSTM or GRU, got TCN.")]
    [InlineData("bias", "1", "Path: $.bias")]
    [InlineData("grads", "[]", "Path: $.grads")]
    public void WrongField_IsNamed(string field, string value, string problem)
    {
        using var folder = new TemporaryFolder();
        var root = Read("lstm-one-step.json");
        root[field] = JsonNode.Parse(value);
        Assert.Contains(problem, Assert.Throws<InvalidDataException>(() => Written(folder, root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1, 2]", "Path: $.grads.h0")]
    [InlineData("{\"shape\": [1, 3, 5], \"data\": [1, 2]}", "grads.h0.data: expected 15 finite numbers for shape [1, 3, 5], got 2, 2 of them finite.")]
    [InlineData("{\"shape\": [1, -3], \"data\": [1, 2]}", "grads.h0.shape: expected whole numbers above 0, got [1, -3].")]
    [InlineData("{\"shape\": [1], \"data\": [\"1\"]}", "Path: $.grads.h0.data[0]")]
    public void WrongTensor_IsNamed(string value, string problem)
    {
        using var folder = new TemporaryFolder();
        var root = Read("lstm-one-step.json");
        root["grads"]!["h0"] = JsonNode.Parse(value);
        Assert.Contains(problem, Assert.Throws<InvalidDataException>(() => Written(folder, root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parameters", "bias_hh_l0", "missing: bias_hh_l0")]
    [InlineData("inputs", "grad_cn", "missing: grad_cn")]
    [InlineData("outputs", "hn", "missing: hn")]
    [InlineData("grads", "weight_ih_l0", "missing: weight_ih_l0")]
    public void MissingTensor_IsNamed_NotLeftOut(string section, string key, string problem)
    {
        using var folder = new TemporaryFolder();
        var root = Read("lstm-one-step.json");
        root[section]!.AsObject().Remove(key);
        var @case = Written(folder, root);
        Assert.Contains(problem, Assert.Throws<InvalidDataException>(() => @case.Check()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongShape_IsNamed()
    {
        using var folder = new TemporaryFolder();
        var root = Read("lstm-one-step.json");
        root["H"] = 7;
        var @case = Written(folder, root);
        Assert.Equal("case: parameters.weight_ih_l0: expected shape [28, 2], got [20, 2].", Assert.Throws<InvalidDataException>(() => @case.Check()).Message);
    }

    private static void ExpectPass(string folder, int files)
    {
        var cases = PyTorchCase.ReadFolder(folder);
        Assert.Equal(files, cases.Count);
        foreach (var @case in cases)
        {
            var report = @case.Check();
            Assert.True(report.Passed, string.Join("\n", report.Failures));
            Assert.Equal(["autograd", "equations", "handwritten", "native"], report.Checks.Select(check => check.Path).Distinct().Order());
            Assert.Equal(4 * (@case.Outputs.Count + @case.Gradients.Count), report.Checks.Count);
        }
    }

    private static JsonNode Read(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "PyTorchCases", name)))!;

    private static PyTorchCase Written(TemporaryFolder folder, JsonNode root)
    {
        var path = folder.File("case.json");
        File.WriteAllText(path, root.ToJsonString());
        return PyTorchCase.Read(path);
    }
}
