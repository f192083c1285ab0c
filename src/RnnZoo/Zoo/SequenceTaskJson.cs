using System.Text.Json;
using System.Text.Json.Serialization;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>A task in a file: its name and its settings.</summary>
internal sealed class SequenceTaskJson : JsonConverter<ISequenceTask>
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert == typeof(ISequenceTask);

    public override ISequenceTask Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var recipe = JsonSerializer.Deserialize<TaskRecipe>(ref reader, options) ?? throw new JsonException("expected a task, got null.");
        try
        {
            return recipe.Create();
        }
        catch (ArgumentException problem)
        {
            throw new JsonException(problem.Message, problem);
        }
    }

    public override void Write(Utf8JsonWriter writer, ISequenceTask value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, new TaskRecipe { Name = value.Name, Settings = value.Settings }, options);
}
