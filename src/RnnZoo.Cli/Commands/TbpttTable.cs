using System.Globalization;
using RnnZoo.Cli.Report;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results for people to read.</summary>
internal static class TbpttTable
{
    public static void Write(CliHost host, TbpttResult result)
    {
        var settings = result.Settings;
        host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{settings.Cell}, T = {settings.Length:#,0}, B = {settings.Batch}, H = {settings.Hidden}, float64, seed {settings.Seed}; recall after {settings.Delay} steps"));
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("k").NoWrap());
        string[] titles = ["MB", "of full", "ms/step", "of full", "cosine", "of W_hh", "recall", "updates"];
        table.AddColumns([.. titles.Select(title => new TableColumn(title).RightAligned().NoWrap())]);
        foreach (var row in result.Rows.Append(result.Exact))
        {
            table.AddRow([.. Cells(row, result.Full).Select(cell => new Text(cell))]);
        }

        ReportConsole.Write(host, table);
        host.Output.WriteLine("MB: peak memory of the gradient of all T steps, above that after a warm-up of 100 steps. ms/step: per time step of the batch.");
        host.Output.WriteLine("cosine: to the exact gradient, over all parameters and over the recurrent matrix. full: one chunk of all T steps.");
        host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"recall: right answers after training in chunks of k; a guess is {1.0 / RecallStream.Cues:0.000}."));
    }

    private static string[] Cells(TbpttRow row, TbpttRow? full) =>
    [
        row.Chunk is { } chunk ? TbpttSettings.Name(chunk) : $"exact ({row.Cost.SegmentLength})",
        Number(row.PeakMegabytes, "#,0.0"),
        Share(row.PeakMegabytes, full?.PeakMegabytes),
        Number(row.Cost.MillisecondsPerStep, "0.0000"),
        Share(row.Cost.MillisecondsPerStep, full?.Cost.MillisecondsPerStep),
        Number(row.Cosine, "0.0000"),
        Number(row.RecurrentCosine, "0.0000"),
        row.Score is { } score ? Number(score.Recall, "0.000") : "",
        row.Score is { } made ? Number(made.Updates, "#,0") : "",
    ];

    private static string Share(double value, double? whole) => whole > 0 ? Number(100 * value / whole.Value, "0.0") + " %" : "";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
