using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Files;

namespace RnnZoo.Characters;

/// <summary>
/// A character model on disk: <c>model.json</c> (its shape), <c>vocabulary.json</c> and <c>weights.dat</c> (a state dict as
/// <c>module.save</c> writes it).
/// </summary>
public static class CharacterModelFolder
{
    private const string ShapeFile = "model.json";
    private const string VocabularyFile = "vocabulary.json";
    private const string WeightsFile = "weights.dat";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, NewLine = "\n", TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>Writes shape and vocabulary.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void SaveShape(string folder, CharacterModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        AtomicFile.WriteText(Path.Combine(folder, VocabularyFile), model.Vocabulary.ToJson() + "\n");
        AtomicFile.WriteText(Path.Combine(folder, ShapeFile), JsonSerializer.Serialize(model.Shape, Json) + "\n");
    }

    /// <summary>Writes the weights.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void SaveWeights(string folder, CharacterModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        model.Net.save(writer);
        writer.Flush();
        AtomicFile.Write(Path.Combine(folder, WeightsFile), stream => stream.Write(bytes.ToArray()));
    }

    /// <summary>The vocabulary of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="InvalidDataException">There is none, or it is damaged.</exception>
    public static Vocabulary LoadVocabulary(string folder) => Vocabulary.FromJson(Text(folder, VocabularyFile));

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">A file is missing, damaged, or does not fit the others; the message names it.</exception>
    public static CharacterModel Load(string folder)
    {
        var weights = Path.Combine(folder, WeightsFile);
        var model = new CharacterModel(LoadVocabulary(folder), Shape(folder));
        try
        {
            Require(weights);
            // Through memory, for a file that another program writes over would otherwise be read half.
            using var reader = new BinaryReader(new MemoryStream(File.ReadAllBytes(weights)));
            model.Net.load(reader);
            return model;
        }
        catch (Exception problem) when (problem is EndOfStreamException or FormatException or ArgumentException or NotSupportedException or OverflowException or InvalidDataException)
        {
            model.Dispose();
            throw problem as InvalidDataException ?? new InvalidDataException($"{weights}: expected the weights of the model in {ShapeFile}: {problem.Message}", problem);
        }
    }

    private static CharacterModelShape Shape(string folder)
    {
        try
        {
            var shape = JsonSerializer.Deserialize<CharacterModelShape>(Text(folder, ShapeFile), Json)
                ?? throw new InvalidDataException($"{Path.Combine(folder, ShapeFile)}: expected an object, got null.");
            shape.Validate();
            return shape;
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{Path.Combine(folder, ShapeFile)}: {problem.Message}", problem);
        }
    }

    private static string Text(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        Require(path);
        return File.ReadAllText(path);
    }

    private static void Require(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"{path}: expected a file that training a character model writes, found none.");
        }
    }
}
