using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Streams;
using TorchSharp;
using TorchSharp.Modules;

namespace RnnZoo.Characters;

/// <summary>What a checkpoint of a <see cref="CharacterTrainer"/> holds.</summary>
internal static class CharacterCheckpoint
{
    public const string Weights = "weights"; // as module.save writes them
    public const string Optimizer = "optimizer"; // as save_state_dict writes it
    public const string Progress = "progress"; // JSON

    // A measurement may be no number.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    public static Dictionary<string, byte[]> Parts(CharacterProgress progress, torch.nn.Module model, OptimizerHelper optimizer) => new()
    {
        [Weights] = Written(writer => model.save(writer)),
        [Optimizer] = Written(optimizer.save_state_dict),
        [Progress] = JsonSerializer.SerializeToUtf8Bytes(progress, Json),
    };

    /// <exception cref="InvalidDataException">The checkpoint is of another training.</exception>
    public static CharacterProgress Restore(IReadOnlyDictionary<string, byte[]> parts, torch.nn.Module model, OptimizerHelper optimizer, TruncatedBpttLoader loader)
    {
        try
        {
            var progress = JsonSerializer.Deserialize<CharacterProgress>(parts[Progress], Json)!;
            loader.Resume(progress.Position ?? throw new InvalidDataException("it has no position in the text"));
            model.load(Reader(parts[Weights]));
            optimizer.load_state_dict(Reader(parts[Optimizer]));
            return progress;
        }
        catch (Exception problem) when (problem is KeyNotFoundException or JsonException or ArgumentException or InvalidDataException or EndOfStreamException)
        {
            throw new InvalidDataException($"checkpoint: expected one of this training, got another: {problem.Message}", problem);
        }
    }

    private static BinaryReader Reader(byte[] part) => new(new MemoryStream(part));

    private static byte[] Written(Action<BinaryWriter> write)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        write(writer);
        return stream.ToArray();
    }
}
