using System.Globalization;
using System.Text.RegularExpressions;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Documentation;

/// <summary>The program of docs/shipping.md, which runs a model by OnnxRuntime alone.</summary>
public class ShippingTests
{
    [Fact]
    public void Program_KnowsNoTorchAndRecallsWhatTheCardStates()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelZoo.Load("copy-lstm-h128.t100");
        OnnxFile.Save(model, folder.File("copy.onnx"));
        var page = new MarkdownPage("docs/shipping.md");
        var program = page.Code().Single(code => code.Contains("new InferenceSession", StringComparison.Ordinal));

        var needs = ExampleProgram.References(program);
        var line = Assert.Single(ExampleProgram.Run(program, folder.File("copy.onnx")));

        Assert.Contains("Microsoft.ML.OnnxRuntime", needs);
        Assert.DoesNotContain(needs, name => name.Contains("Torch", StringComparison.OrdinalIgnoreCase) || name.StartsWith("RnnZoo", StringComparison.Ordinal));
        var stated = model.Metrics.Single(metric => metric.Name == "recall");
        var error = stated.StandardError * Math.Sqrt(1 + (stated.Count / 1000.0)); // of the difference between 1,000 sequences and those of the card
        Assert.InRange(Recall(line), stated.Value!.Value - (3 * error), stated.Value.Value + (3 * error));
        Assert.InRange(Recall(page.Code("text").Single(text => text.StartsWith("recall", StringComparison.Ordinal)).TrimEnd()), Recall(line) - 2e-4, Recall(line) + 2e-4); // another runtime may round one symbol in 10,000 otherwise
    }

    private static double Recall(string line)
    {
        var said = Regex.Match(line, @"^recall over 1000 sequences: (\d\.\d{4})$");
        Assert.True(said.Success, line);
        return double.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
