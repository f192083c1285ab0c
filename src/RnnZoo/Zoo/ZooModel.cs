using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using TorchSharp;

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

    /// <summary>How it was trained: <see cref="ModelRecipe.Train"/> trains it again.</summary>
    public ModelRecipe Recipe => Manifest.Recipe;

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
        if (manifest.Recipe is CharacterRecipe text)
        {
            var vocabulary = text.Vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : ReadVocabulary(entry.File(ModelFolder.Vocabulary));
            CheckSize(entry, parameters, NetSize.Least(text.Net, vocabulary.Size));
            var characters = new CharacterModel(vocabulary, text.Net);
            return new ZooModel(entry, manifest, characters.Net, null, characters);
        }

        var recipe = (SequenceRecipe)manifest.Recipe;
        var task = recipe.Task.Create();
        CheckSize(entry, parameters, NetSize.Least(recipe.Net, task));
        return new ZooModel(entry, manifest, recipe.CreateNet(), task, null);
    }

    // A net is made before its weights are read into it, and takes the memory that the manifest says. One of nearly the right
    // size may be made: its shapes then tell what differs.
    private static void CheckSize(ModelEntry entry, long parameters, UInt128 least)
    {
        if (least / 4 > (ulong)parameters)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{entry.File(ModelFolder.Manifest)}: recipe.net: expected a net of {parameters:#,0} parameters, as many as {ModelFolder.Weights} holds, got one of at least {least}."));
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

/// <summary>How large a net is at least, found without making it: small ones show what grows with its sizes.</summary>
internal static class NetSize
{
    /// <summary>The parameters at least of a net for a task.</summary>
    public static UInt128 Least(NetRecipe net, ISequenceTask task) =>
        Least(net.Cell, (ulong)task.InputSize, (ulong)net.Hidden, (ulong)net.Layers, (ulong)task.OutputSize);

    /// <summary>The parameters at least of a character model.</summary>
    public static UInt128 Least(CharacterModelShape net, int vocabulary)
    {
        var (characters, embedding) = ((UInt128)vocabulary, (UInt128)net.Embedding);
        return (characters * embedding)
            + Least(net.Cell, embedding > 0 ? embedding : characters, (ulong)net.Hidden, (ulong)net.Layers, characters);
    }

    // A layer has a·I·H + b·H² + c·H + d parameters, of which the first two are counted.
    private static UInt128 Least(string cell, UInt128 input, UInt128 hidden, UInt128 layers, UInt128 output)
    {
        var small = Parameters(cell, 1, 1);
        var perInput = Parameters(cell, 2, 1) - small; // a, for H = 1
        var twiceSquare = Parameters(cell, 1, 3) - (2 * Parameters(cell, 1, 2)) + small; // 2b: the second difference
        return (layers * hidden * hidden * twiceSquare / 2) + (perInput * hidden * (input + ((layers - 1) * hidden))) + (output * hidden);
    }

    private static UInt128 Parameters(string cell, long input, long hidden)
    {
        using var net = (torch.nn.Module)RecurrentNets.Named(cell).Make(new NetOptions(input, hidden));
        return (UInt128)net.parameters().Sum(parameter => parameter.numel());
    }
}
