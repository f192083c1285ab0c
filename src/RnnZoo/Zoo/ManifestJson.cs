using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Characters;
using RnnZoo.Tasks;
using RnnZoo.Training;

namespace RnnZoo.Zoo;

/// <summary>
/// Reads and writes <c>model.json</c>. Reading is strict: a field that is unknown, missing, doubled or of another kind is an
/// error that names it. The options of a training are the properties of <see cref="TrainingOptions"/> and
/// <see cref="CharacterTrainingOptions"/> themselves, so that a recipe can say all that a training can be told.
/// </summary>
internal static class ManifestJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        AllowOutOfOrderMetadataProperties = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(new LowerCase(), allowIntegerValues: false), new SequenceTaskJson() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { WithoutSeed } },
    };

    /// <summary>A manifest, or a part of it, as text.</summary>
    public static string Write<T>(T part) => JsonSerializer.Serialize(part, Options) + "\n";

    /// <summary>What a file holds, once an <see cref="ArgumentException"/> of <paramref name="validate"/> has said nothing against it.</summary>
    /// <exception cref="InvalidDataException">It is none; the message names file and field.</exception>
    public static T Read<T>(string file, Action<T> validate) => Parse(CheckedFile.ReadText(file), file, validate);

    /// <summary>The same of a text that messages call by a name.</summary>
    public static T Parse<T>(string text, string name, Action<T> validate)
    {
        try
        {
            var part = JsonSerializer.Deserialize<T>(text, Options) ?? throw new InvalidDataException($"{name}: expected an object, got null.");
            using var document = JsonDocument.Parse(text);
            if (Unfit(document.RootElement, "") is { } problem)
            {
                throw new InvalidDataException($"{name}: {problem}.");
            }

            validate(part);
            return part;
        }
        catch (JsonException problem)
        {
            var field = problem.Path is null or "$" ? "" : problem.Path.TrimStart('$', '.') + ": ";
            throw new InvalidDataException($"{name}: {field}{problem.Message.Split(" Path: ")[0]}", problem);
        }
        catch (NotSupportedException problem) // a recipe without its kind
        {
            throw new InvalidDataException($"{name}: recipe: kind: expected sequences or characters, got none.", problem);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{name}: {problem.Message.Split(" (Parameter ")[0]}", problem);
        }
    }

    // The serializer lets pass null among the items of a list, and numbers that become infinite.
    private static string? Unfit(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Select(field => Unfit(field.Value, path.Length == 0 ? field.Name : $"{path}.{field.Name}")).FirstOrDefault(found => found is not null),
        JsonValueKind.Array => element.EnumerateArray()
            .Select((item, index) => item.ValueKind == JsonValueKind.Null ? $"{path}[{index}]: expected a value, got null" : Unfit(item, $"{path}[{index}]"))
            .FirstOrDefault(found => found is not null),
        JsonValueKind.Number when !double.IsFinite(element.GetDouble()) => $"{path}: expected a finite number, got {element.GetRawText()}",
        _ => null,
    };

    // The seeds of a training are derived from the recipe's.
    private static void WithoutSeed(JsonTypeInfo type)
    {
        if (type.Type == typeof(TrainingOptions))
        {
            type.Properties.Remove(type.Properties.Single(property => property.Name == "seed"));
        }
    }

    private sealed class LowerCase : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name.ToLowerInvariant();
    }

    /// <summary>A task in a file: its name, its settings, and the folder of its files if it has any.</summary>
    private sealed class SequenceTaskJson : JsonConverter<ISequenceTask>
    {
        public override ISequenceTask Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var task = JsonSerializer.Deserialize<NamedTask>(ref reader, options)!;
            try
            {
                return SequenceTasks.Of(task.Name, task.Settings, task.Data);
            }
            catch (ArgumentException problem)
            {
                throw new JsonException(problem.Message, problem);
            }
        }

        public override void Write(Utf8JsonWriter writer, ISequenceTask value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, new NamedTask(value.Name, value.Settings, (value as SequentialImageTask)?.Files), options);

        private sealed record NamedTask(string Name, IReadOnlyDictionary<string, long> Settings, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ImageFiles? Data = null);
    }
}
