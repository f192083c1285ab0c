using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a comparison for people to read.</summary>
internal static class CompareTable
{
    public static Table Create(CompareTask task, IReadOnlyList<CompareJob> jobs)
    {
        var table = new Table().Border(TableBorder.Rounded);
        var metric = jobs[0].Task.Metric;
        string[] right = ["parameters", "loss", "baseline", metric.Name, "steps", "seconds"];
        table.AddColumn(new TableColumn(task.SizeName).RightAligned()).AddColumn("model");
        table.AddColumns([.. right.Select(title => new TableColumn(title).RightAligned().NoWrap())]);
        table.AddColumn(new TableColumn("ended by").NoWrap());
        foreach (var job in jobs)
        {
            var result = job.Result!;
            table.AddRow(
                Number(job.Size, "0"),
                job.Model,
                Number(job.Parameters, "#,0"),
                result.Final?.Loss is { } loss && double.IsFinite(loss) ? MetricText.OfLoss(loss) : "–",
                Number(job.Task.Baseline, "0.0000"),
                result.Final?.Metric is { } value && double.IsFinite(value) ? MetricText.Of(metric, value) : "–",
                Number(result.Steps, "#,0"),
                Number(result.Seconds, "0.0"),
                result.Reason.Name(job.Task.Metric.Name));
        }

        return table;
    }

    private static string Number(double? value, string format)
        => value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "–";
}
