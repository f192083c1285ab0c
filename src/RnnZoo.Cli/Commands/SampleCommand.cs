using RnnZoo.Characters;
using RnnZoo.Cli.Options;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo sample`: writes text with a trained character model.</summary>
internal sealed class SampleCommand : ExampleCommand
{
    private readonly ValueOption<string?> _model = Values.Text("--model", "The folder of a run of train chars, or a character model of the zoo; by default the newest run in runs", "a folder or a name");
    private readonly ValueOption<int> _length = Values.Whole("--length", "How many characters to write", 1, 500);
    private readonly ValueOption<double> _temperature = Values.NotNegative("--temperature", "Below 1 is safer, above 1 is wilder, 0 always takes the likeliest character", 1);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where chance comes from", 1);
    private readonly ValueOption<string?> _prompt = Values.Text("--prompt", "The text to go on from, of the model's characters; without one it begins as after the end of a line", "a text");

    public SampleCommand(CliHost host)
        : base(
            "sample",
            "Writes text with a trained character model.",
            ("rnnzoo sample --prompt \"In the beginning\"", "500 characters of the model that was trained last, after a prompt"),
            ("rnnzoo sample --model chars-lstm-h256.kjv", "a model of the zoo"),
            ("rnnzoo sample --model runs/2026-01-31T09-30-00-chars --temperature 0.7 --seed 7", "a certain model, safer text"))
    {
        AddOptions(_model, _length, _temperature, _seed, _prompt);
        SetAction((parsed, cancellation) => Task.FromResult(new SampleRun(host, parsed.GetValue(_model), parsed.GetValue(_prompt) ?? "")
            .Run(model => model.Sample(parsed.GetValue(_length), parsed.GetValue(_temperature), parsed.GetValue(_seed), parsed.GetValue(_prompt) ?? "", cancellation))));
    }
}

/// <summary>One text, written character by character.</summary>
internal sealed class SampleRun(CliHost host, string? modelName, string prompt)
{
    /// <param name="sample">Draws the characters, by what the options say.</param>
    public int Run(Func<CharacterModel, IEnumerable<long>> sample)
    {
        using var model = InputException.Read("--model", Load);
        Write(model, Drawn(model, sample));
        return ExitCodes.Success;
    }

    private CharacterModel Load()
    {
        if (modelName is null)
        {
            return ModelEntry.At(Newest())!.Load().Characters!;
        }

        var known = ModelEntry.At(Path.Combine(host.WorkingDirectory, modelName)) ?? ModelCatalogue.Default().List().FirstOrDefault(entry => entry.Name == modelName);
        if (known?.ReadManifest().Recipe is CharacterRecipe)
        {
            return known.Load().Characters!;
        }

        string[] names = [.. ModelCatalogue.Default().List().Where(entry => entry.ReadManifest().Recipe is CharacterRecipe).Select(entry => entry.Name)];
        throw new UsageException($"--model: expected the folder of a run of train chars or a character model of the zoo ({(names.Length == 0 ? "there are none" : string.Join(", ", names))}), got '{modelName}'{(Nearest.To(modelName, names) is { } nearest ? $"; did you mean {nearest}?" : ".")}");
    }

    private static IEnumerable<long> Drawn(CharacterModel model, Func<CharacterModel, IEnumerable<long>> sample)
    {
        try
        {
            return sample(model);
        }
        catch (ArgumentException problem)
        {
            throw new UsageException("--prompt: " + problem.Message.Replace("text: ", "", StringComparison.Ordinal));
        }
    }

    private void Write(CharacterModel model, IEnumerable<long> drawn)
    {
        host.Output.Write(prompt);
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
            ? Directory.GetDirectories(runs).Where(run => File.Exists(Path.Combine(run, ModelFolder.Manifest)) && Directory.EnumerateFiles(run, "weights.*").Any()).MaxBy(run => File.GetLastWriteTimeUtc(Path.Combine(run, ModelFolder.Manifest)))
            : null;
        return newest ?? throw new InvalidDataException($"{runs}: expected a trained model, found none; train one with rnnzoo train chars --text FILE, or name one of the zoo with --model.");
    }
}
