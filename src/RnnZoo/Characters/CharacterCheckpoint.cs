using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Cells;
using RnnZoo.Streams;
using RnnZoo.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Characters;

/// <summary>
/// What a checkpoint of a <see cref="CharacterTrainer"/> holds: the tensors <c>model.*</c>, <c>optimizer.*</c> and
/// <c>state.*</c>, and as JSON how far the training has come and where the loader stands.
/// </summary>
internal static class CharacterCheckpoint
{
    private const string Model = "model.";
    private const string Optimizer = "optimizer.";
    private const string State = "state.";
    private const string Progress = "progress";
    private const string Position = "position";

    // A measurement may be no number.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>The tensors are those of the training, or belong to the innermost dispose scope.</summary>
    public static Checkpoint Of(CharacterProgress progress, nn.Module model, OptimizerHelper optimizer, TruncatedBpttLoader loader)
    {
        var position = loader.Position();
        var tensors = new Dictionary<string, Tensor>(
        [
            .. Under(Model, model.state_dict()),
            .. Under(Optimizer, OptimizerMemory.Tensors(optimizer)),
            .. Under(State, position.State?.Select((part, place) => KeyValuePair.Create($"{place}", part)) ?? []),
        ]);
        return new Checkpoint(progress.Step, tensors, new Dictionary<string, string> { [Progress] = JsonSerializer.Serialize(progress, Json), [Position] = JsonSerializer.Serialize(position, Json) });
    }

    /// <exception cref="InvalidDataException">The checkpoint is of another training.</exception>
    public static CharacterProgress Restore(Checkpoint checkpoint, nn.Module model, OptimizerHelper optimizer, TruncatedBpttLoader loader)
    {
        try
        {
            var progress = JsonSerializer.Deserialize<CharacterProgress>(checkpoint.Notes[Progress], Json)!;
            var position = JsonSerializer.Deserialize<LoaderPosition>(checkpoint.Notes[Position], Json)!;
            var device = model.parameters().First().device;
            var state = Below(State, checkpoint).OrderBy(part => part.Key, StringComparer.Ordinal).Select(part => part.Value.to(device)).ToArray();
            loader.Resume(position with { State = state.Length == 0 ? null : new RecurrentState(state) });
            model.load_state_dict(Below(Model, checkpoint));
            OptimizerMemory.Restore(optimizer, Below(Optimizer, checkpoint));
            return progress;
        }
        catch (Exception problem) when (problem is KeyNotFoundException or JsonException or ArgumentException or InvalidDataException or InvalidOperationException)
        {
            throw new InvalidDataException($"checkpoint: expected one of this training, got another: {problem.Message}", problem);
        }
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Under(string prefix, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        tensors.Select(item => KeyValuePair.Create(prefix + item.Key, item.Value));

    private static Dictionary<string, Tensor> Below(string prefix, Checkpoint checkpoint) =>
        checkpoint.Tensors.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(item => item.Key[prefix.Length..], item => item.Value);
}
