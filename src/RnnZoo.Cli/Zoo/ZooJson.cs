using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>The zoo's results for programs.</summary>
internal static class ZooJson
{
    public static string List(IReadOnlyList<(ModelEntry Entry, ModelManifest Manifest)> models) => JsonText.Write(json =>
    {
        json.WriteStartArray("models");
        foreach (var (entry, manifest) in models)
        {
            json.WriteStartObject();
            json.WriteString("name", entry.Name);
            json.WriteString("summary", manifest.Summary);
            json.WriteString("task", manifest.Recipe.TaskName);
            json.WriteString("cell", manifest.Recipe.Cell);
            json.WriteNumber("hidden", manifest.Recipe.Hidden);
            json.WriteBoolean("trained", manifest.Result is not null);
            json.WriteFinite("parameters", manifest.Result?.Parameters);
            json.WriteString("folder", entry.Folder);
            WriteMetrics(json, manifest.Result?.Metrics ?? []);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static string Verification(bool passed, IReadOnlyList<ZooVerifyRow> rows) => JsonText.Write(json =>
    {
        json.WriteBoolean("passed", passed);
        json.WriteStartArray("models");
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteString("name", row.Name);
            json.WriteString("metric", row.Metric);
            json.WriteFinite("stated", row.Stated);
            json.WriteFinite("measured", row.Measured);
            json.WriteFinite("tolerance", row.Tolerance);
            json.WriteBoolean("passed", row.Passed);
            json.WriteString("problem", row.Problem);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        new RunHeader().Write(json);
    });

    public static string Training(string name, IReadOnlyList<SeedResult> seeds, ModelManifest? trained, string? installed) => JsonText.Write(json =>
    {
        json.WriteString("name", name);
        json.WriteBoolean("complete", trained is not null);
        json.WriteString("weightsSha256", trained?.Result!.WeightsSha256);
        json.WriteString("installed", installed);
        json.WriteStartArray("seeds");
        foreach (var seed in seeds)
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed.Seed);
            json.WriteNumber("steps", seed.Steps);
            json.WriteString("ended", seed.Ended);
            json.WriteFinite("seconds", seed.Seconds);
            json.WriteString("weightsSha256", seed.WeightsSha256);
            WriteMetrics(json, seed.Metrics);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static string Export(string name, IReadOnlyList<string> files) => JsonText.Write(json =>
    {
        json.WriteString("name", name);
        json.WriteStartArray("files");
        foreach (var file in files)
        {
            json.WriteStringValue(file);
        }

        json.WriteEndArray();
    });

    private static void WriteMetrics(Utf8JsonWriter json, IReadOnlyList<MetricValue> metrics)
    {
        json.WriteStartArray("metrics");
        foreach (var metric in metrics)
        {
            json.WriteStartObject();
            json.WriteString("metric", metric.Name);
            json.WriteFinite("value", metric.Value);
            json.WriteFinite("standardError", metric.StandardError);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
