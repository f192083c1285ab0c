using RnnZoo.Cli.Report;
using RnnZoo.Gradients;
using RnnZoo.Plots;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a measurement: one JSON document, or for people tables and a chart.</summary>
internal static class LyapunovReport
{
    private const double Still = 1e-6; // nats per step: a factor of e in a million steps

    public static void Write(CliHost host, LyapunovSettings settings, LyapunovNet net, IReadOnlyList<LyapunovResult> results, string folder, bool json, IReadOnlyList<string> formats, TimeSpan elapsed)
    {
        var document = Document(settings, net, results);
        var written = OutputFolder.WriteResults(folder, document, LyapunovCharts.Figure(settings, net, results), formats);
        var files = json ? "" : $": {string.Join(", ", written)} ({elapsed.TotalSeconds:0.0} s)";
        host.Print(json, () => document, () => Show(host, net, results), $"Written to {folder}{files}");
    }

    private static void Show(CliHost host, LyapunovNet net, IReadOnlyList<LyapunovResult> results)
    {
        foreach (var result in results)
        {
            host.Output.WriteLine($"{net.Name}, {result.Name}: {Meaning(result.Measured)}");
            ReportConsole.Write(host, CreateTable(result));
            foreach (var line in Facts(result))
            {
                host.Output.WriteLine(line);
            }

            host.Output.WriteLine();
        }

        host.Output.WriteLine(TerminalLines.Render(LyapunovCharts.Settling(results[0]), Math.Min(host.Width, 100), colours: host.OutputHasColours));
    }

    /// <summary>For files and for `--json`; −∞ is null.</summary>
    private static string Document(LyapunovSettings settings, LyapunovNet net, IReadOnlyList<LyapunovResult> results) => JsonText.Write(json =>
    {
        json.WriteString("model", net.Cell);
        json.WriteBoolean("trained", settings.Weights is not null);
        json.WriteString("weights", settings.Weights);
        json.WriteString("net", net.Part);
        json.WriteString("init", settings.Weights is null ? settings.Init : null);
        json.WriteFinite("gain", settings.Weights is null ? settings.Gain : null);
        json.WriteNumber("hidden", net.Module.HiddenSize);
        json.WriteNumber("layers", net.Module.NumLayers);
        json.WriteNumber("inputSize", net.Module.InputSize);
        json.WriteFinite("input", settings.Input);
        json.WriteNumber("steps", settings.Steps);
        json.WriteNumber("warmUp", settings.WarmUp);
        RunHeader.Write(json, settings.Seed, dtype: "float64");
        json.WriteObjects("results", results, result =>
        {
            var measured = result.Measured;
            json.WriteNumber("layer", result.Layer);
            json.WriteNumber("direction", result.Direction);
            json.WriteNumber("stateSize", measured.StateSize);
            json.WriteNumbers("exponents", measured.Exponents);
            json.WriteFinite("sum", measured.Sum);
            json.WriteFinite("kaplanYorkeDimension", measured.KaplanYorkeDimension);
            json.WriteFinite("rateBound", result.Law?.RateBound);
            json.WriteFinite("spectralNorm", result.Law?.SpectralNorm);
            json.WriteFinite("spectralRadius", result.Law?.SpectralRadius);
            json.WriteObjects("history", measured.History, point =>
            {
                json.WriteNumber("steps", point.Steps);
                json.WriteNumbers("exponents", point.Exponents);
            });
        });
    });

    private static Table CreateTable(LyapunovResult result) => ReportTable.Of(
        TableBorder.Rounded,
        result.Measured.Exponents.Select((value, index) => (Rank: index + 1, Value: value)),
        Column("exponent", row => Number(row.Rank, "0")),
        Column("nats per step", row => Number(row.Value, "+0.00000;-0.00000;0")),
        Column("factor per step", row => Number(Math.Exp(row.Value), "0.0000")),
        Column("in 100 steps", row => Number(Math.Exp(100 * row.Value), "0.0e+00")),
        Column("1e-6 is left after", row => row.Value < -Still ? Number(Math.Ceiling(Math.Log(1e-6) / row.Value), "#,0") + " steps" : "never"));

    private static Column<(int Rank, double Value)> Column(string title, Func<(int Rank, double Value), string> text) => new(title, text) { IsRight = true, Wraps = true };

    private static IEnumerable<string> Facts(LyapunovResult result)
    {
        var measured = result.Measured;
        yield return measured.Sum is { } sum
            ? $"sum of all {measured.StateSize}: {Number(sum, "0.00000")} nats per step"
            : $"the sum takes all {measured.StateSize} exponents (--exponents {measured.StateSize})";
        yield return measured.KaplanYorkeDimension is { } dimension
            ? $"Kaplan–Yorke dimension: {Number(dimension, "0.00")}"
            : "Kaplan–Yorke dimension: takes more exponents";
        if (result.Law is { } law)
        {
            yield return $"bound on the largest, ln ‖W‖: {Number(law.RateBound, "0.00000")} (‖W‖ = {Number(law.SpectralNorm, "0.0000")}); spectral radius {Number(law.SpectralRadius, "0.0000")}";
        }
    }

    private static string Meaning(LyapunovExponents measured) => measured.Exponents[0] switch
    {
        > Still => "gradients over long spans explode, for the largest exponent is above 0",
        < -Still => "gradients over long spans vanish, for all exponents are below 0",
        _ => "gradients over long spans neither grow nor vanish, for the largest exponent is 0",
    };

    private static string Number(double value, string format) => double.IsNegativeInfinity(value) ? "−∞" : value.ToString(format);
}

/// <summary>The pictures of a measurement: how the exponents settle, and the spectrum they end as.</summary>
internal static class LyapunovCharts
{
    public static Figure Figure(LyapunovSettings settings, LyapunovNet net, IReadOnlyList<LyapunovResult> results) =>
        new($"Lyapunov exponents: {net.Name}, hidden size {net.Module.HiddenSize}",
            [.. results.SelectMany(result => (ChartPanel[])[Settling(result), Spectrum(result)])])
        {
            Subtitle = $"{(settings.Weights is null ? "a fresh net" : "a trained net")}, {settings.Steps:#,0} steps after {settings.WarmUp:#,0} of warm-up, random input of deviation {settings.Input}, seed {settings.Seed}",
            Columns = 2,
        };

    /// <summary>The running estimates against steps.</summary>
    public static LineChart Settling(LyapunovResult result) => WithBound(GradientPictures.Settling(result.Measured, $"{result.Name}: the largest exponents"), result);

    private static LineChart Spectrum(LyapunovResult result) => WithBound(GradientPictures.Spectrum(result.Measured, $"{result.Name}: the spectrum"), result);

    private static LineChart WithBound(LineChart chart, LyapunovResult result) => result.Law is { } law && double.IsFinite(law.RateBound) && Math.Abs(law.RateBound) > 1e-9
        ? chart with { ReferenceLines = [.. chart.ReferenceLines, new ReferenceLine(law.RateBound, $"bound ln ‖W‖: {law.RateBound:0.000}")] }
        : chart;
}
