using System.Globalization;

namespace RnnZoo.Zoo;

/// <summary>A model's manifest for a notebook: what it reaches, and with which seeds.</summary>
internal static class ManifestTable
{
    public static string Of(ModelManifest manifest)
    {
        var metrics = new Display.HtmlTable($"{manifest.Name}: {manifest.Summary}", "metric", "value", "standard error", "measured on");
        if (manifest.Result is not { } result)
        {
            metrics.Add("not trained yet", null, null, null);
            return metrics.ToString();
        }

        foreach (var metric in result.Metrics)
        {
            metrics.Add($"{metric.Name} ({metric.Unit})", metric.Value, metric.StandardError, metric.How);
        }

        string[] names = [.. result.Spread.Select(spread => spread.Name)];
        var seeds = new Display.HtmlTable($"all seeds; {result.Parameters.ToString("#,0", CultureInfo.InvariantCulture)} parameters", ["seed", .. names, "steps", "ended by"]);
        foreach (var seed in result.Seeds)
        {
            var name = seed.Seed.ToString(CultureInfo.InvariantCulture) + (seed.Seed == manifest.Recipe.CommittedSeed ? " (these weights)" : "");
            seeds.Add([name, .. names.Select(wanted => (object?)seed.Metrics.FirstOrDefault(metric => metric.Name == wanted)?.Value), seed.Steps, seed.Ended]);
        }

        return metrics.ToString() + seeds;
    }
}
