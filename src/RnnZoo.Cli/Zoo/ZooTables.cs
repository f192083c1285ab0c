using System.Globalization;
using RnnZoo.Zoo;
using Spectre.Console;

namespace RnnZoo.Cli.Zoo;

/// <summary>The zoo's tables for people to read.</summary>
internal static class ZooTables
{
    public static Table List(IReadOnlyList<(ModelEntry Entry, ModelManifest Manifest)> models)
    {
        var table = New("name", "task", "cell").AddColumn(Right("hidden")).AddColumn(Right("parameters")).AddColumn("metrics");
        foreach (var (entry, manifest) in models)
        {
            table.AddRow(
                Markup.Escape(entry.Name),
                Markup.Escape(manifest.Recipe.TaskName),
                Markup.Escape(manifest.Recipe.Cell),
                Number(manifest.Recipe.Hidden, "0"),
                Number(manifest.Result?.Parameters, "#,0"),
                Markup.Escape(manifest.Result is { } result ? string.Join(", ", result.Metrics.Select(metric => $"{metric.Name} {Number(metric.Value, "0.######")}")) : "not trained"));
        }

        return table;
    }

    public static Table Seeds(ModelRecipe recipe, IReadOnlyList<SeedResult> seeds)
    {
        string[] metrics = [.. seeds.SelectMany(seed => seed.Metrics).Select(metric => metric.Name).Distinct()];
        var table = New("seed");
        table.AddColumns([.. metrics.Select(name => Right(Markup.Escape(name)))]);
        table.AddColumn(Right("steps")).AddColumn("ended by").AddColumn(Right("seconds"));
        foreach (var seed in seeds)
        {
            table.AddRow(
            [
                $"{seed.Seed}{(seed.Seed == recipe.CommittedSeed ? " (committed)" : "")}",
                .. metrics.Select(name => Number(seed.Metrics.FirstOrDefault(metric => metric.Name == name)?.Value, "0.######")),
                Number(seed.Steps, "#,0"),
                Markup.Escape(seed.Ended),
                Number(seed.Seconds, "0.0"),
            ]);
        }

        return table;
    }

    public static Table Verification(IReadOnlyList<ZooVerifyRow> rows)
    {
        var table = New("name", "metric").AddColumn(Right("stated")).AddColumn(Right("measured")).AddColumn(Right("may differ by")).AddColumn("result");
        foreach (var row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Name),
                Markup.Escape(row.Metric ?? "–"),
                Number(row.Stated, "0.000000"),
                Number(row.Measured, "0.000000"),
                Number(row.Tolerance, "0.000000"),
                row.Passed ? "[green]passed[/]" : "[red]failed[/]");
        }

        return table;
    }

    private static Table New(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded);
        return table.AddColumns([.. columns.Select(column => new TableColumn(column).NoWrap())]);
    }

    private static TableColumn Right(string title) => new TableColumn(title).RightAligned().NoWrap();

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
