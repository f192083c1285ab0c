using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>A trained model with its weights, and what it was trained for.</summary>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed class ZooModel : IDisposable, Display.ITable
{
    private ZooModel(ModelEntry entry, ModelManifest manifest, SequenceModel net, CharacterModel? characters = null) =>
        (Entry, Manifest, Net, Characters) = (entry, manifest, net, characters);

    /// <summary>Where it was found.</summary>
    public ModelEntry Entry { get; }

    /// <summary>What it is, in one sentence.</summary>
    public string Summary => Manifest.Summary;

    /// <summary>How it was trained: <see cref="ModelRecipe.Train"/> trains it again.</summary>
    public ModelRecipe Recipe => Manifest.Recipe;

    /// <summary>How many numbers it learned.</summary>
    public long Parameters => Manifest.Result!.Parameters;

    /// <summary>What it reaches; <c>rnnzoo zoo verify</c> measures each of these again.</summary>
    public IReadOnlyList<MetricValue> Metrics => Manifest.Result!.Metrics;

    /// <summary>The net, ready to run: [T, B, I] to [T, B, O], or for a character model token ids [T, B] to logits [T, B, V].</summary>
    public SequenceModel Net { get; }

    /// <summary>The task that the net solves; null for a character model.</summary>
    public ISequenceTask? Task => Recipe.LearntTask;

    /// <summary>The character model that the net belongs to; null for a model of a task.</summary>
    public CharacterModel? Characters { get; }

    internal ModelManifest Manifest { get; }

    /// <summary>The model for a notebook: what it reaches, with which seeds.</summary>
    /// <returns>Tables as HTML.</returns>
    public string ToHtml() => ModelCard.ToHtml(Manifest, Manifest.Result!);

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();

    internal static ZooModel Load(ModelEntry entry)
    {
        var manifest = entry.ReadManifest();
        if (manifest.Result is not { } result)
        {
            var how = manifest.Recipe is CharacterRecipe { KeepBest: true } ? $"its training measured nothing yet, and goes on with rnnzoo train chars --resume {entry.Folder}" : $"train it with rnnzoo zoo train {entry.Name} --write";
            throw new InvalidDataException($"{entry.File(ModelFolder.Manifest)}: result: expected a trained model, got a recipe alone; {how}.");
        }

        using var weights = CheckedFile.Open(entry.File(ModelFolder.Weights), result.WeightsSha256, result.WeightsBytes);
        using var file = SafeTensorsFile.Open(weights, entry.File(ModelFolder.Weights));
        var numbers = file.Entries.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size));
        if (numbers != result.Parameters)
        {
            throw new InvalidDataException($"{entry.File(ModelFolder.Manifest)}: result.parameters: expected {numbers}, as many as {ModelFolder.Weights} holds, got {result.Parameters}.");
        }

        var model = Untrained(entry, manifest, result.Parameters);
        try
        {
            model.Net.LoadSafeTensors(file, entry.File(ModelFolder.Weights), strict: true);
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
        if (manifest.Recipe is CharacterRecipe { Net: var net } text)
        {
            var vocabulary = text.Vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : ReadVocabulary(entry.File(ModelFolder.Vocabulary));
            CheckSize(entry, parameters, CharacterModel.CountOf(vocabulary, net));
            var characters = new CharacterModel(vocabulary, net);
            return new ZooModel(entry, manifest, characters.Net, characters);
        }

        var recipe = (SequenceRecipe)manifest.Recipe;
        CheckSize(entry, parameters, SequenceModel.CountOf(recipe.Net.Cell, recipe.Task.InputSize, recipe.Net.Hidden, recipe.Task.OutputSize, recipe.Net.Layers));
        return new ZooModel(entry, manifest, recipe.CreateNet());
    }

    // A net is made before its weights are read into it, and takes the memory that the manifest says: one that is larger than
    // the file is refused before. What else differs, its shapes tell.
    private static void CheckSize(ModelEntry entry, long parameters, double count)
    {
        if (count > parameters)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{entry.File(ModelFolder.Manifest)}: recipe.net: expected a net of {parameters:#,0} parameters, as many as {ModelFolder.Weights} holds, got one of {count:#,0}."));
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
