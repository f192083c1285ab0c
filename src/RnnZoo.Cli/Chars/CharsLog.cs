using System.Text;
using System.Text.Json;
using RnnZoo.Characters;
using RnnZoo.Files;

namespace RnnZoo.Cli.Chars;

/// <summary>
/// The log of a training as JSON lines: reports and measurements. It is made of the checkpoint's history, so that a run
/// that was killed and resumed has each line once.
/// </summary>
internal static class CharsLog
{
    public static void Write(string path, CharacterProgress progress) => AtomicFile.Write(path, stream =>
    {
        foreach (var record in progress.History)
        {
            stream.Write(Encoding.UTF8.GetBytes(Line(record) + "\n"));
        }
    });

    private static string Line(CharacterRecord record)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("event", record.ValidationBits is null ? "report" : "evaluation");
            json.WriteNumber("step", record.Step);
            if (record.ValidationBits is { } validation)
            {
                json.WriteFinite("validationBitsPerCharacter", validation);
            }
            else
            {
                json.WriteFinite("trainingBitsPerCharacter", record.TrainingBits);
                json.WriteFinite("gradNorm", record.GradientNorm);
            }

            json.WriteFinite("learningRate", record.LearningRate);
            json.WriteFinite("seconds", Math.Round(record.Seconds, 3));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
