using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a comparison as one JSON document, for files and for `--json`.</summary>
internal static class CompareJson
{
    public static string Write(CompareSettings settings, IReadOnlyList<CompareJob> jobs) => JsonText.Write(json =>
    {
        json.WriteString("task", settings.Task.Name);
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteNumber("seed", settings.Seed);
        json.WriteNumber("threads", settings.Threads);
        json.WriteString("version", VersionAction.Version);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteString("dtype", "float32");
        if (settings.Task.HasSymbols)
        {
            json.WriteNumber("symbols", settings.Symbols);
        }

        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("batch", settings.Batch);
        json.WriteNumber("stepLimit", settings.Steps);
        json.WriteString("optimizer", TrainingNames.Of(settings.Optimizer));
        json.WriteString("schedule", TrainingNames.Of(settings.Schedule));
        json.WriteFinite("clip", settings.Clip > 0 ? settings.Clip : null);
        var metric = jobs[0].Task.Metric;
        json.WriteString("metric", metric.Name);
        json.WriteBoolean("moreIsBetter", metric.MoreIsBetter);
        json.WriteFinite("stopAt", settings.Task.StopAt);
        json.WriteNumber($"{metric.Name}Sequences", settings.FinalSequences);
        json.WriteBoolean("partial", jobs.Any(IsPartial));
        json.WriteStartArray("results");
        foreach (var job in jobs)
        {
            WriteResult(json, settings.Task, job);
        }

        json.WriteEndArray();
    });

    private static bool IsPartial(CompareJob job) => job.Result!.Reason == StopReason.Cancelled;

    private static void WriteResult(Utf8JsonWriter json, CompareTask task, CompareJob job)
    {
        var result = job.Result!;
        json.WriteStartObject();
        json.WriteNumber(task.SizeName, job.Size);
        json.WriteString("model", job.Model);
        json.WriteNumber("parameters", job.Parameters);
        json.WriteFinite("loss", result.Final?.Loss);
        json.WriteFinite("baseline", job.Task.Baseline);
        json.WriteFinite(job.Task.Metric.Name, result.Final?.Metric);
        json.WriteFinite("standardError", result.Final?.StandardError);
        json.WriteNumber("steps", result.Steps);
        json.WriteFinite("seconds", Math.Round(result.Seconds, 3));
        json.WriteString("backward", TrainingNames.Of(job.Net.Recurrent.EffectiveBackward));
        json.WriteFinite("learningRate", job.Options.LearningRate);
        json.WriteString("init", job.Initialisation);
        json.WriteString("ended", result.Reason.Name(job.Task.Metric.Name));
        json.WriteBoolean("partial", IsPartial(job));
        json.WriteEndObject();
    }
}
