using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a benchmark as one JSON document.</summary>
internal static class BenchJson
{
    public static string Write(BenchResult result) => JsonText.Write(json =>
    {
        json.WriteString("version", VersionAction.Version);
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteBoolean("forward", result.Forward);
        json.WriteNumber("vectorBits", PeakLoop.VectorBits);
        json.WriteStartObject("peakGflops");
        foreach (var (threads, sample) in result.Peaks.OrderBy(peak => peak.Key))
        {
            json.WriteNumber(threads.ToString(CultureInfo.InvariantCulture), Math.Round(sample.Best, 1));
        }

        json.WriteEndObject();
        json.WriteStartArray("disturbances");
        foreach (var disturbance in result.Disturbances())
        {
            json.WriteStringValue(disturbance);
        }

        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (var row in result.Rows)
        {
            WriteRow(json, result, row);
        }

        json.WriteEndArray();
    });

    private static void WriteRow(Utf8JsonWriter json, BenchResult result, BenchRow row)
    {
        json.WriteStartObject();
        json.WriteString("cell", row.Group.Cell);
        json.WriteString("path", row.Path);
        json.WriteNumber("threads", row.Group.Threads);
        json.WriteNumber("B", row.Group.Size.Batch);
        json.WriteNumber("T", row.Group.Size.Steps);
        json.WriteNumber("I", row.Group.Size.Input);
        json.WriteNumber("H", row.Group.Size.Hidden);
        json.WriteNumber("milliseconds", Math.Round(row.Milliseconds, 4));
        json.WriteNumber("fastestMilliseconds", Math.Round(row.Fastest, 4));
        json.WriteNumber("gflops", Math.Round(row.Gflops, 2));
        json.WriteNumber("peakShare", Math.Round(result.PeakShare(row), 4));
        json.WriteFinite("extraMegabytes", row.ExtraMegabytes is { } megabytes ? Math.Round(megabytes, 2) : null);
        json.WriteNumber("count", row.Count);
        json.WriteEndObject();
    }
}
