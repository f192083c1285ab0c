using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Gradients;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a measurement for people to read.</summary>
internal static class LyapunovTable
{
    private const double Still = 1e-6; // nats per step: a factor of e in a million steps

    public static void Write(CliHost host, LyapunovNet net, IReadOnlyList<LyapunovResult> results)
    {
        foreach (var result in results)
        {
            host.Output.WriteLine($"{net.Cell}, {result.Name}: {Meaning(result.Measured)}");
            ReportConsole.Write(host, Create(result));
            foreach (var line in Facts(result))
            {
                host.Output.WriteLine(line);
            }

            host.Output.WriteLine();
        }
    }

    private static Table Create(LyapunovResult result)
    {
        var table = new Table().Border(TableBorder.Rounded);
        string[] titles = ["exponent", "nats per step", "factor per step", "in 100 steps", "1e-6 is left after"];
        table.AddColumns([.. titles.Select(title => new TableColumn(title).RightAligned())]);
        var exponents = result.Measured.Exponents;
        for (var index = 0; index < exponents.Count; index++)
        {
            var value = exponents[index];
            table.AddRow(
                Number(index + 1, "0"),
                Number(value, "+0.00000;-0.00000;0"),
                Number(Math.Exp(value), "0.0000"),
                Number(Math.Exp(100 * value), "0.0e+00"),
                value < -Still ? Number(Math.Ceiling(Math.Log(1e-6) / value), "#,0") + " steps" : "never");
        }

        return table;
    }

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

    private static string Number(double value, string format) => double.IsNegativeInfinity(value) ? "−∞" : value.ToString(format, CultureInfo.InvariantCulture);
}
