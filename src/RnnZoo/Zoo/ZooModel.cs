using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>A trained model with its weights, and what it was trained for.</summary>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed class ZooModel : IDisposable, Display.ITable
{
    private ZooModel(ModelEntry entry, ModelManifest manifest, SequenceModel net, ISequenceTask? task, CharacterModel? characters) =>
        (Entry, Manifest, Net, Task, Characters) = (entry, manifest, net, task, characters);

    /// <summary>Where it was found.</summary>
    public ModelEntry Entry { get; }

    /// <summary>How it was trained, and what came of it.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The net, ready to run: [T, B, I] to [T, B, O], or for a character model token ids [T, B] to logits [T, B, V].</summary>
    public SequenceModel Net { get; }

    /// <summary>The task that the net solves; null for a character model.</summary>
    public ISequenceTask? Task { get; }

    /// <summary>The character model that the net belongs to; null for a model of a task.</summary>
    public CharacterModel? Characters { get; }

    /// <summary>The model for a notebook: what it reaches, with which seeds.</summary>
    /// <returns>Tables as HTML.</returns>
    public string ToHtml() => Manifest.ToHtml();

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();

    internal static ZooModel Load(ModelEntry entry)
    {
        var manifest = entry.ReadManifest();
        if (manifest.Result is not { } result)
        {
            throw new InvalidDataException($"{entry.File(ModelFiles.Manifest)}: result: expected a trained model, got a recipe alone; train it with rnnzoo zoo train {entry.Name} --write.");
        }

        using var weights = CheckedFile.Open(entry.File(ModelFiles.Weights), result.WeightsSha256, result.WeightsBytes);
        using var file = SafeTensorsFile.Open(weights, entry.File(ModelFiles.Weights));
        var numbers = file.Entries.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size));
        if (numbers != result.Parameters)
        {
            throw new InvalidDataException($"{entry.File(ModelFiles.Manifest)}: result.parameters: expected {numbers}, as many as {ModelFiles.Weights} holds, got {result.Parameters}.");
        }

        var model = Untrained(entry, manifest, result.Parameters);
        try
        {
            model.Net.LoadSafeTensors(file, entry.File(ModelFiles.Weights), strict: true);
            model.Net.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static ZooModel Untrained(ModelEntry entry, ModelManifest manifest, long parameters)
    {
        if (manifest.Recipe is CharacterRecipe text)
        {
            var vocabulary = text.Vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : ReadVocabulary(entry.File(ModelFiles.Vocabulary));
            CheckSize(entry, parameters, NetSize.Least(text.Net, vocabulary.Size));
            var characters = new CharacterModel(vocabulary, text.Net);
            return new ZooModel(entry, manifest, characters.Net, null, characters);
        }

        var recipe = (SequenceRecipe)manifest.Recipe;
        var task = recipe.Task.Create();
        CheckSize(entry, parameters, NetSize.Least(recipe.Net, task));
        return new ZooModel(entry, manifest, recipe.CreateNet(), task, null);
    }

    // A net is made before its weights are read into it, and takes the memory that the manifest says.
    private static void CheckSize(ModelEntry entry, long parameters, UInt128 least)
    {
        if (least > (ulong)parameters)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{entry.File(ModelFiles.Manifest)}: recipe.net: expected a net of {parameters:#,0} parameters, as many as {ModelFiles.Weights} holds, got one of at least {least}."));
        }
    }

    private static Vocabulary ReadVocabulary(string file)
    {
        try
        {
            return Vocabulary.FromJson(CheckedFile.ReadText(file));
        }
        catch (FileNotFoundException problem)
        {
            throw new InvalidDataException($"{file}: expected the characters of the model, found none.", problem);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"{file}: {problem.Message}", problem);
        }
    }
}
