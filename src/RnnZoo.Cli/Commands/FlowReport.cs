using RnnZoo.Cli.Report;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>What a run prints: for programs the JSON alone, for people a table, a chart and maps.</summary>
internal static class FlowReport
{
    public static void Print(CliHost host, FlowSettings settings, FlowResults results, bool json, string summary)
    {
        if (json)
        {
            host.Output.Write(FlowJson.Write(settings, results));
            host.Error.WriteLine(summary);
            return;
        }

        var width = Math.Min(host.Width, 100);
        host.Output.WriteLine("Share of the gradient that is left d steps back in time; the prediction is for the last column.");
        ReportConsole.Write(host, FlowTable.Create(settings, results.Curves));
        if ((FlowCharts.Scaled(results.Curves, "vanilla") ?? FlowCharts.Scaled(results.Curves, "linear")) is { } chart)
        {
            host.Output.WriteLine(TerminalLines.Render(chart with { Series = [.. chart.Series.Where(line => !line.Dashed)] }, width));
        }

        foreach (var training in results.Trainings.Where(training => training.Looks.Count > 0))
        {
            host.Output.WriteLine(TerminalHeat.Render(TrainingCharts.Map(training, results.Trainings), width));
        }

        host.Output.WriteLine(summary);
    }
}
