using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Cli.Chars;

/// <summary>The results of a training as one JSON document, for files and for `--json`.</summary>
internal static class CharsJson
{
    public static string Write(CharsResult result) => JsonText.Write(json =>
    {
        WriteResult(json, result);
        WriteSettings(json, result);
    });

    private static void WriteResult(Utf8JsonWriter json, CharsResult result)
    {
        var progress = result.Progress;
        json.WriteString("task", "chars");
        json.WriteFinite("validationBitsPerCharacter", progress.BestBits);
        json.WriteFinite("charactersPerSecond", Math.Round(CharsDisplay.Speed(progress)));
        json.WriteFinite("seconds", Math.Round(progress.Seconds, 3));
        json.WriteNumber("steps", progress.Step);
        json.WriteNumber("bestStep", progress.BestStep);
        json.WriteFinite("trainingBitsPerCharacter", progress.History.LastOrDefault(record => record.TrainingBits is not null)?.TrainingBits);
        json.WriteFinite("trainingSeconds", Math.Round(progress.TrainingSeconds, 3));
        json.WriteNumber("characters", progress.Characters);
        json.WriteString("ended", result.Reason.Name());
        json.WriteBoolean("partial", result.Reason == StopReason.Cancelled);
    }

    private static void WriteSettings(Utf8JsonWriter json, CharsResult result)
    {
        var (settings, training, shape) = (result.Settings, result.Settings.Training, result.Settings.Shape);
        json.WriteString("text", settings.Text);
        json.WriteString("textSha256", settings.TextSha256);
        json.WriteNumber("trainingCharacters", result.Text.Training.Count);
        json.WriteNumber("validationCharacters", result.Text.Validation.Count);
        json.WriteString("vocabulary", CharsNames.Vocabularies.Single(pair => pair.Value == settings.Vocabulary).Key);
        json.WriteNumber("vocabularySize", result.Text.Vocabulary.Size);
        json.WriteString("cell", shape.Cell);
        json.WriteNumber("hidden", shape.Hidden);
        json.WriteNumber("layers", shape.Layers);
        json.WriteNumber("embedding", shape.Embedding);
        json.WriteFinite("dropout", shape.Dropout);
        json.WriteNumber("parameters", result.Parameters);
        json.WriteString("backward", TrainingNames.Of(result.Model.Net.Recurrent.EffectiveBackward));
        json.WriteNumber("streams", training.Streams);
        json.WriteNumber("chunk", training.ChunkLength);
        json.WriteBoolean("randomLength", training.RandomLength);
        json.WriteNumber("stepLimit", training.Steps);
        json.WriteString("optimizer", TrainingNames.Of(training.Optimizer));
        json.WriteFinite("learningRate", training.LearningRate);
        json.WriteString("schedule", TrainingNames.Of(training.Schedule));
        json.WriteFinite("clip", training.ClipNorm);
        new RunHeader(settings.Seed, settings.Threads, "float32").Write(json);
    }
}
