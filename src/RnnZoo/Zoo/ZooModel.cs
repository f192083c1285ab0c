using RnnZoo.Data;
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

        var model = Untrained(entry, manifest);
        try
        {
            using var weights = CheckedFile.Open(entry.File(ModelFiles.Weights), result.WeightsSha256);
            using var file = SafeTensorsFile.Open(weights, entry.File(ModelFiles.Weights));
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

    private static ZooModel Untrained(ModelEntry entry, ModelManifest manifest)
    {
        if (manifest.Recipe is CharacterRecipe text)
        {
            var vocabulary = text.Vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : ReadVocabulary(entry.File(ModelFiles.Vocabulary));
            var characters = new CharacterModel(vocabulary, text.Net);
            return new ZooModel(entry, manifest, characters.Net, null, characters);
        }

        var recipe = (SequenceRecipe)manifest.Recipe;
        var task = recipe.Task.Create();
        return new ZooModel(entry, manifest, recipe.CreateNet(), task, null);
    }

    private static Vocabulary ReadVocabulary(string file)
    {
        try
        {
            return Vocabulary.FromJson(File.ReadAllText(file));
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
