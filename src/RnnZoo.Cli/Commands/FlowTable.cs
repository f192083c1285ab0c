using System.Globalization;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The curves for people to read: how much of the gradient is left after some distances.</summary>
internal static class FlowTable
{
    public static Table Create(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        var table = new Table().Border(TableBorder.Simple);
        int[] distances = [.. new[] { 1, 10, 30, settings.Length }.Where(distance => distance <= settings.Length).Distinct()];
        table.AddColumn("model").AddColumn(new TableColumn("setting").NoWrap()).AddColumn("of");
        table.AddColumns([.. distances.Select(distance => new TableColumn($"d = {distance}").RightAligned().NoWrap())]);
        table.AddColumn(new TableColumn("predicted").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("per step").RightAligned().NoWrap());
        foreach (var curve in curves)
        {
            string[] cells =
            [
                curve.Net.Model,
                curve.Net.Setting,
                curve.Net.State,
                .. distances.Select(distance => Number(curve.Norms.Mean[distance - 1])),
                curve.Kind is null ? "" : (curve.Kind == "exact" ? "= " : "≤ ") + Number(curve.Predicted![^1]),
                Rate(Math.Pow(curve.Norms.Mean[^1], 1.0 / settings.Length)),
            ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }

        return table;
    }

    private static string Number(double? value)
        => value is { } number && double.IsFinite(number) ? number.ToString("0.0e+00", CultureInfo.InvariantCulture) : "–";

    private static string Rate(double value) => double.IsFinite(value) ? "×" + value.ToString("0.000", CultureInfo.InvariantCulture) : "–";
}
