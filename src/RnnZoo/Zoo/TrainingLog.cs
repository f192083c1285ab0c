using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>
/// The log of a model's trainings as JSON lines: of every seed some hundred means over steps and some hundred evaluations, and
/// how it ended. The committed seed comes last, so that the last line holds the hash of the model's weights.
/// </summary>
public static class TrainingLog
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = false, // what is null is left out
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Writes a log.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="entries">Its lines.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<TrainingLogEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        AtomicFile.Write(path, stream =>
        {
            foreach (var entry in entries)
            {
                stream.Write(JsonSerializer.SerializeToUtf8Bytes(entry, Json));
                stream.WriteByte((byte)'\n');
            }
        });
    }

    /// <summary>Reads a log.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">A line is damaged, or the file is too long for a log; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<TrainingLogEntry> Read(string path)
    {
        var entries = new List<TrainingLogEntry>();
        using var text = new StringReader(CheckedFile.ReadText(path));
        while (text.ReadLine() is { } line)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize<TrainingLogEntry>(line, Json) ?? throw new JsonException("an object was expected."));
            }
            catch (JsonException problem)
            {
                throw new InvalidDataException($"{path}: line {entries.Count + 1}: {problem.Message}", problem);
            }
        }

        return entries;
    }
}
