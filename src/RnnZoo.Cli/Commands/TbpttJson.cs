using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;

namespace RnnZoo.Cli.Commands;

/// <summary>The results as one JSON document, for files and for `--json`.</summary>
internal static class TbpttJson
{
    public static string Write(TbpttResult result) => JsonText.Write(json =>
    {
        WriteSettings(json, result.Settings);
        json.WriteStartArray("rows");
        foreach (var row in result.Rows)
        {
            json.WriteStartObject();
            json.WriteNumber("k", row.Chunk!.Value);
            WriteCost(json, row);
            WriteScore(json, row.Score);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("exact");
        json.WriteNumber("segmentLength", result.Exact.Cost.SegmentLength);
        WriteCost(json, result.Exact);
        json.WriteFinite("memoryOfFull", result.Exact.PeakMegabytes / result.Full?.PeakMegabytes);
        json.WriteFinite("timeOfFull", result.Exact.Cost.MillisecondsPerStep / result.Full?.Cost.MillisecondsPerStep);
        json.WriteEndObject();
    });

    private static void WriteSettings(Utf8JsonWriter json, TbpttSettings settings)
    {
        json.WriteString("model", settings.Cell);
        json.WriteNumber("length", settings.Length);
        json.WriteNumber("batch", settings.Batch);
        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("delay", settings.Delay);
        json.WriteNumber("updates", settings.Updates);
        json.WriteNumber("seed", settings.Seed);
        json.WriteString("dtype", "float64");
        json.WriteStartObject("environment");
        foreach (var (name, value) in RowJob.Environment)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteString("version", VersionAction.Version);
    }

    private static void WriteCost(Utf8JsonWriter json, TbpttRow row)
    {
        json.WriteNumber("peakMegabytes", Math.Round(row.PeakMegabytes, 3));
        json.WriteNumber("processPeakMegabytes", Math.Round(row.ProcessPeakMegabytes, 3));
        json.WriteNumber("millisecondsPerStep", Math.Round(row.Cost.MillisecondsPerStep, 6));
        json.WriteNumber("passes", row.Cost.Passes);
        json.WriteFinite("cosine", row.Cosine);
        json.WriteFinite("recurrentCosine", row.RecurrentCosine);
        if (row.Cost.MostTensors > 0)
        {
            json.WriteNumber("fewestLiveTensors", row.Cost.FewestTensors);
            json.WriteNumber("mostLiveTensors", row.Cost.MostTensors);
        }
    }

    private static void WriteScore(Utf8JsonWriter json, RecallScore? score)
    {
        if (score is null)
        {
            return;
        }

        json.WriteNumber("recall", score.Recall);
        json.WriteNumber("loss", score.Loss);
        json.WriteNumber("updates", score.Updates);
        json.WriteNumber("trainingSteps", score.Steps);
        json.WriteNumber("trainingSeconds", Math.Round(score.Seconds, 3));
    }
}
