using System.Reflection;
using System.Xml.Linq;
using Microsoft.DotNet.Interactive.Formatting;
using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Training;
using RnnZoo.Verification;
using RnnZoo.Zoo;
using TorchSharp;

namespace RnnZoo.Tests.Notebooks;

/// <summary>What values look like in a notebook, by .NET Interactive's own formatting.</summary>
public class DisplayTests
{
    [Fact]
    public void EveryTypeWithAnHtmlForm_TellsNotebooksSo_AndTheOtherWayRound()
    {
        var types = typeof(SequenceModel).Assembly.GetExportedTypes().Where(type => !type.IsInterface).ToArray();

        var withHtml = types.Where(type => type.GetMethod("ToHtml", Type.EmptyTypes) is not null).ToArray();
        var withAttribute = types.Where(type => type.GetCustomAttributes(inherit: true).Any(attribute => attribute.GetType().Name == "TypeFormatterSourceAttribute")).ToArray();

        Assert.Equal(withHtml.Select(type => type.FullName), withAttribute.Select(type => type.FullName));
        Assert.Contains(typeof(Figure), withHtml);
        Assert.Contains(typeof(Lstm), withHtml);
    }

    [Fact]
    public void Modules_ShowTheirParametersAsATable()
    {
        using var model = new SequenceModel(new Lstm(3, 5, numLayers: 2), outputSize: 7);

        var table = Table(model);

        Assert.Contains("Lstm: 3 → 5, 2 layers", table.Element("caption")!.Value, StringComparison.Ordinal);
        string[][] rows = [.. table.Element("tbody")!.Elements("tr").Select(row => row.Elements("td").Select(cell => cell.Value).ToArray())];
        Assert.Equal(model.named_parameters().Select(entry => entry.name).Append("all"), rows.Select(row => row[0]));
        Assert.Equal(["recurrent.weight_hh_l1", "[20, 5]", "100", "Float32", "yes"], rows.Single(row => row[0] == "recurrent.weight_hh_l1"));
        Assert.Equal(model.parameters().Sum(parameter => parameter.numel()), long.Parse(rows[^1][2], System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Traces_ShowOnePassAsLines_AndSeveralAsAMap()
    {
        using var scope = torch.NewDisposeScope();
        using var lstm = new Lstm(3, 5);
        using var trace = GradientTrace.Attach(lstm, new GradientTraceOptions { Keep = 3 });
        Assert.Equal("<p>no backward pass recorded yet</p>", trace.ToHtml());
        Assert.Throws<InvalidOperationException>(trace.ToFigure);

        Gradient.Backward(lstm.call(torch.randn(7, 2, 3)).Item1.square().sum());
        Assert.Contains("‖∂L/∂c‖ from the future", Picture(trace), StringComparison.Ordinal);
        Assert.Equal(Picture(trace.Last!), Picture(trace));

        Gradient.Backward(lstm.call(torch.randn(4, 2, 3)).Item1.square().sum()); // a shorter chunk
        Assert.Contains("in the last 2 recorded passes", Picture(trace), StringComparison.Ordinal);
        Assert.Equal(trace.ToFigure().ToHtml(), trace.ToHtml());
    }

    [Fact]
    public void JacobianProducts_ShowTheirSingularValues()
    {
        using var scope = torch.NewDisposeScope();
        var matrix = torch.diag(torch.tensor([2.0, 0.5, 0.0])); // [3, 3]

        var picture = Picture(JacobianProduct.Power(matrix, 10));

        Assert.Contains("a product of 10 Jacobians", picture, StringComparison.Ordinal);
        Assert.Contains("measured: from 6.93 to -6.93.", picture, StringComparison.Ordinal); // 10 ln 2, 10 ln 1/2; zero is not drawn
    }

    [Fact]
    public void Exponents_ShowHowTheySettleAndTheirSpectrum()
    {
        using var scope = torch.NewDisposeScope();
        using var net = new VanillaRnn(2, 4, dtype: torch.ScalarType.Float64);
        using var trajectory = JacobianTrajectory.Of(net, torch.randn(50, 1, 2, dtype: torch.ScalarType.Float64));

        var picture = Picture(LyapunovExponents.Of(trajectory));

        Assert.Contains("4 of 4, over 50 steps", picture, StringComparison.Ordinal);
        Assert.Contains("the spectrum", picture, StringComparison.Ordinal);
    }

    [Fact]
    public void Verification_ShowsTheWorstOfEachPair_FailuresAndNaNFirst()
    {
        var good = new GradientComparison { Cell = "lstm", Net = "a < b", Path = "handwritten", Against = "autograd", DType = "float64", Tensor = "x", MaxAbsolute = 0, MaxRelative = 1e-16, Index = [0], Passed = true };
        var report = new GradientReport([good with { Tensor = "bad", MaxRelative = double.NaN, Passed = false }, good, good with { Tensor = "large", MaxRelative = 0.5, Passed = false }, good with { Path = "native" }]);

        var table = Table(report);

        Assert.Equal("2 of 4 comparisons failed", table.Element("caption")!.Value);
        string[][] rows = [.. table.Element("tbody")!.Elements("tr").Select(row => row.Elements("td").Select(cell => cell.Value).ToArray())];
        Assert.Equal([["lstm", "a < b", "handwritten", "autograd", "float64", "bad", "–", "no"], ["lstm", "a < b", "native", "autograd", "float64", "x", "1E-16", "yes"]], rows);
    }

    [Fact]
    public void Monitors_ShowCountsAndWarnings()
    {
        var warning = new GradientWarning(4, GradientSignalKind.Vanishing, 0, 0, 9, 0.01);
        var report = new GradientMonitorReport(10, 5, 0, 1, 2, 0.5, 3, [null, 7], [warning]);

        var html = Shown(report, "text/html");

        var tables = XElement.Parse($"<all>{html}</all>").Elements("table").ToArray();
        Assert.Equal(2, tables.Length);
        Assert.Contains("whole sequence, 7", tables[0].Value, StringComparison.Ordinal);
        Assert.Contains(warning.ToString(), tables[1].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_ShowWhatTheyReach_AndAllSeeds()
    {
        using var model = new ModelCatalogue(Path.Combine(Repository.Root, "models")).Find("adding-lstm-h64.t400").Load();

        var html = Shown(model, "text/html");

        var tables = XElement.Parse($"<all>{html}</all>").Elements("table").ToArray();
        Assert.Contains(model.Manifest.Summary, tables[0].Element("caption")!.Value, StringComparison.Ordinal);
        Assert.Contains("mse", tables[0].Element("tbody")!.Value, StringComparison.Ordinal);
        Assert.Equal(["1 (these weights)", "2", "3"], tables[1].Element("tbody")!.Elements("tr").Select(row => row.Element("td")!.Value));
    }

    [Fact]
    public void Histories_AreDrawnWhileTheyGrow()
    {
        var history = new TrainingHistory("none", new CopyTask(1));
        Assert.Contains("not ended yet", Picture(history), StringComparison.Ordinal);

        history.OnStep(new StepRecord(1, 2.25, 0.5, 0.002, 1));
        history.OnStep(new StepRecord(2, 1.75, 0.5, 0.002, 1));

        Assert.Contains("from 2.25 to 1.75", Picture(history), StringComparison.Ordinal);
    }

    /// <summary>The picture that a notebook would draw, and nothing else.</summary>
    private static string Picture(object value)
    {
        var text = Shown(value, "image/svg+xml");
        Assert.Equal("svg", XElement.Parse(text).Name.LocalName);
        return text;
    }

    private static XElement Table(object value)
    {
        var text = Shown(value, "text/html");
        Assert.Equal(text, value.GetType().GetMethod("ToHtml", BindingFlags.Public | BindingFlags.Instance, Type.EmptyTypes)!.Invoke(value, null));
        return XElement.Parse(text);
    }

    private static string Shown(object value, string form)
    {
        var shown = Assert.Single(FormattedValue.CreateManyFromObject(value));
        Assert.Equal(form, shown.MimeType);
        return shown.Value;
    }
}
