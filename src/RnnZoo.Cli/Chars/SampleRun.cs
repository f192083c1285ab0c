using RnnZoo.Characters;
using RnnZoo.Cli.Options;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Chars;

/// <summary>One text, written character by character.</summary>
internal sealed class SampleRun(CliHost host, string? modelName, SamplingOptions options)
{
    public int Run(CancellationToken cancellation)
    {
        CharacterModel model;
        try
        {
            model = Load();
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine($"--model: {problem.Message.ReplaceLineEndings(" ")}");
            return ExitCodes.Failure;
        }

        using (model)
        {
            Write(model, Drawn(model, cancellation));
        }

        return ExitCodes.Success;
    }

    // A folder goes before a name of the zoo.
    private CharacterModel Load()
    {
        var folder = modelName is null ? Newest() : Path.GetFullPath(Path.Combine(host.WorkingDirectory, modelName));
        if (modelName is null || Directory.Exists(folder))
        {
            return CharacterModelFolder.Load(folder);
        }

        var entries = ModelCatalogue.Default().List().Where(entry => entry.ReadManifest().Recipe is CharacterRecipe).ToArray();
        if (Array.Find(entries, entry => entry.Name == modelName) is { } known)
        {
            return known.Load().Characters!;
        }

        var names = Array.ConvertAll(entries, entry => entry.Name);
        throw new UsageException($"--model: expected the folder of a run of train chars or a character model of the zoo ({(names.Length == 0 ? "there are none" : string.Join(", ", names))}), got '{modelName}'{(Nearest.To(modelName, names) is { } nearest ? $"; did you mean {nearest}?" : ".")}");
    }

    private IEnumerable<long> Drawn(CharacterModel model, CancellationToken cancellation)
    {
        try
        {
            return model.Sample(options, cancellation);
        }
        catch (ArgumentException problem)
        {
            throw new UsageException("--prompt: " + problem.Message.Replace("text: ", "", StringComparison.Ordinal));
        }
    }

    private void Write(CharacterModel model, IEnumerable<long> drawn)
    {
        host.Output.Write(options.Prompt);
        if (model.Vocabulary.Kind == VocabularyKind.Bytes)
        {
            host.Output.Write(model.Vocabulary.Decode([.. drawn])); // a character may be several bytes
        }
        else
        {
            foreach (var character in drawn)
            {
                host.Output.Write(model.Vocabulary.Decode(character));
            }
        }

        host.Output.WriteLine();
    }

    private string Newest()
    {
        var runs = Path.Combine(host.WorkingDirectory, "runs");
        var newest = Directory.Exists(runs)
            ? Directory.GetDirectories(runs, "*-chars*").Where(run => File.Exists(Path.Combine(run, "weights.dat"))).Max(StringComparer.Ordinal)
            : null;
        return newest ?? throw new InvalidDataException($"{runs}: expected a trained model, found none; train one with rnnzoo train chars --text FILE, or name one of the zoo with --model.");
    }
}
