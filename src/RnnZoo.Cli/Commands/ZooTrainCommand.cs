using System.CommandLine;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo train`: repeats a model's recipe, or follows a new one.</summary>
internal static class ZooTrainCommand
{
    public static Command Create(CliHost host)
    {
        var (models, json, name) = (ZooCommand.Models(), Values.Json(), ZooCommand.Name());
        var seed = Values.Optional<long>("--seed", "The one seed to train; by default all of the recipe", "a whole number of at least 0", value => value >= 0);
        var text = Values.Text("--text", "The text of a character model; the recipe says how to get it", "a file");
        var jobs = Values.Whole("--jobs", "How many seeds to train at a time, where the recipe computes on one thread; changes no number but the seconds", 1, Environment.ProcessorCount);
        var write = Values.Flag("--write", "Put the committed seed's weights, the card and the log into the model's folder");
        var output = Values.Text("--output", "The folder to write into; seeds that are finished there are kept. By default a new one, runs/<time>-NAME", "a folder");
        var command = new ExampleCommand("train", "Trains a model by its recipe, all seeds of it. A run that was stopped goes on with the seeds that are missing in the same --output.",
            ("rnnzoo zoo train copy-lstm-h128.t100", "repeats the recipe, and leaves the model's folder alone"),
            ("rnnzoo zoo train copy-lstm-h128.t100 --seed 1 --output runs/again", "one seed; the same command without --seed trains the others"),
            ("rnnzoo zoo train copy-lstm-h128.t100 --output runs/again --write", "the rest, and installs the result"))
        { name, seed, text, jobs, write, output, models, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(ZooCommand.Try(host, () =>
        {
            var entry = ZooCommand.Find(host, ZooCommand.Catalogue(host, parsed.GetValue(models)), parsed.GetValue(name));
            var manifest = entry.ReadManifest();
            var one = parsed.GetValue(seed);
            if (one is { } chosen && !manifest.Recipe.Seeds.Contains(chosen))
            {
                throw new UsageException($"--seed: expected one of the recipe ({string.Join(", ", manifest.Recipe.Seeds)}), got '{chosen}'.");
            }

            if (one is not null && parsed.GetValue(write))
            {
                throw new UsageException("--write: expected none together with --seed, for a model reports all of its seeds; leave one of the two out.");
            }

            var file = parsed.GetValue(text) is { } path ? Path.GetFullPath(Path.Combine(host.WorkingDirectory, path)) : null;
            var settings = new ZooTrainSettings(one, file, parsed.GetValue(jobs), parsed.GetValue(write), parsed.GetValue(output));
            return new ZooTrainRun(host, entry, manifest, settings, parsed.GetValue(json)).Run(cancellation);
        })));
        return command;
    }
}

/// <summary>What `zoo train` was asked for.</summary>
/// <param name="Seed">The one seed to train; null for all.</param>
/// <param name="Text">The full path of the text to learn; null for none.</param>
/// <param name="Jobs">How many seeds to train at a time at most.</param>
/// <param name="Write">Whether the model's folder gets the result.</param>
/// <param name="Output">The folder to write into; null for a new one.</param>
internal sealed record ZooTrainSettings(long? Seed, string? Text, int Jobs, bool Write, string? Output);
