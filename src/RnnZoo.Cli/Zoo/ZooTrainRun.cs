using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using RnnZoo.Cli.Chars;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Zoo;
using TorchSharp;

namespace RnnZoo.Cli.Zoo;

/// <summary>One run of `zoo train`: the seeds of a recipe, and the model's folder when all are there.</summary>
internal sealed class ZooTrainRun(CliHost host, ModelEntry entry, ModelManifest manifest, ZooTrainSettings settings, bool json)
{
    private readonly ZooTrainProgress _progress = new(host.Error);
    private readonly ModelRecipe _recipe = manifest.Recipe;

    public int Run(CancellationToken cancellation)
    {
        using var text = OpenText();
        var path = OutputFolder.Make(host, settings.Output, entry.Name);
        using var folder = ZooTrainFolder.Open(path, _recipe);
        var wanted = settings.Seed is { } one ? [one] : _recipe.Seeds;
        var begun = wanted.Where(seed => folder.ResultOf(seed) is null).ToArray();
        foreach (var seed in wanted.Except(begun))
        {
            _progress.Say($"seed {seed,-3} is finished in {path}");
        }

        TrainAll(begun, folder, text, cancellation);
        SeedResult[] finished = [.. _recipe.Seeds.Select(folder.ResultOf).OfType<SeedResult>()];
        var trained = finished.Length == _recipe.Seeds.Count ? Assemble(folder, finished, text) : null;
        if (trained is not null && settings.Write)
        {
            ModelFolderWriter.Install(folder.Model, entry.Folder);
        }

        Report(folder, finished, trained);
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private CharsText? OpenText()
    {
        if (_recipe is not CharacterRecipe recipe)
        {
            return settings.Text is null ? null : throw new UsageException($"--text: expected none for {entry.Name}, which learns no text; leave it out.");
        }

        if (settings.Text is not { } file)
        {
            throw new UsageException($"--text: expected the text of {entry.Name}: {recipe.Text.Title}. To get it: {recipe.Text.Source}");
        }

        var hash = File.Exists(file) ? CharsText.HashOf(file) : throw new UsageException($"--text: expected the file with {recipe.Text.Title}, got '{file}', which is no file.");
        return hash == recipe.Text.Sha256
            ? CharsText.Open(new CharsSettings
            {
                Text = file,
                Vocabulary = recipe.Vocabulary,
                ValidationShare = recipe.HeldOutShare,
                Shape = recipe.Net,
                Training = recipe.Training,
                Threads = recipe.Threads,
                Seed = recipe.CommittedSeed,
            })
            : throw new InvalidDataException($"--text: expected {recipe.Text.Title} with the SHA-256 {recipe.Text.Sha256}, got {file} with {hash}. To get it: {recipe.Text.Source}");
    }

    /// <summary>Trains seeds, several at a time where the recipe lets their numbers be the same.</summary>
    private void TrainAll(IReadOnlyList<long> seeds, ZooTrainFolder folder, CharsText? text, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new ConcurrentQueue<ExceptionDispatchInfo>();
        // Weights are drawn from the process's generator, so the nets are made here, one after the other.
        var queue = new ConcurrentQueue<ISeedTraining>();
        var threadsBefore = torch.get_num_threads();
        try
        {
            torch.set_num_threads(_recipe.Threads);
            foreach (var seed in seeds)
            {
                queue.Enqueue(_recipe is CharacterRecipe characters
                    ? new CharacterSeedTraining(characters, seed, text!, folder.CheckpointsOf(seed), _progress)
                    : new SequenceSeedTraining((SequenceRecipe)_recipe, seed, _progress));
            }

            var workers = Enumerable.Range(0, _recipe.CanTrainSideBySide ? Math.Min(settings.Jobs, seeds.Count) : Math.Min(1, seeds.Count))
                .Select(_ => new Thread(() => Work(queue, folder, failures, stop))).ToList();
            workers.ForEach(worker => worker.Start());
            workers.ForEach(worker => worker.Join());
        }
        finally
        {
            torch.set_num_threads(threadsBefore); // libtorch starts new threads with the count that was set last
            foreach (var training in queue)
            {
                training.Dispose();
            }
        }

        if (failures.TryPeek(out var failure))
        {
            failure.Throw();
        }
    }

    private void Work(ConcurrentQueue<ISeedTraining> queue, ZooTrainFolder folder, ConcurrentQueue<ExceptionDispatchInfo> failures, CancellationTokenSource stop)
    {
        try
        {
            torch.set_num_threads(_recipe.Threads);
            while (!stop.IsCancellationRequested && queue.TryDequeue(out var training))
            {
                using (training)
                {
                    if (training.Run(stop.Token) is { } outcome)
                    {
                        var result = folder.Save(entry.Name, training.Seed, training.Net, outcome);
                        _progress.Say($"seed {training.Seed,-3} ended: {result.Ended}, {result.Steps} steps, {result.Seconds:0.0} s, {string.Join(", ", result.Metrics.Select(metric => FormattableString.Invariant($"{metric.Name} {metric.Value:0.######} ± {metric.StandardError:0.######}")))}");
                    }
                }
            }
        }
        catch (Exception exception)
        {
            failures.Enqueue(ExceptionDispatchInfo.Capture(exception));
            stop.Cancel();
        }
    }

    /// <summary>Puts the model's folder together, as it is to be installed.</summary>
    private ModelManifest Assemble(ZooTrainFolder folder, SeedResult[] seeds, CharsText? text)
    {
        if (Directory.Exists(folder.Model))
        {
            Directory.Delete(folder.Model, recursive: true);
        }

        Directory.CreateDirectory(folder.Model);
        var trained = ZooTrainModel.Write(folder, manifest, seeds, text, host.Time.GetLocalNow());
        try
        {
            trained.Validate();
            return trained;
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{entry.Name}: what seed {_recipe.CommittedSeed} gave is no model: {problem.Message}", problem);
        }
    }

    private void Report(ZooTrainFolder folder, SeedResult[] seeds, ModelManifest? trained)
    {
        if (json)
        {
            host.Output.Write(ZooJson.Training(entry.Name, seeds, trained, trained is not null && settings.Write ? entry.Folder : null));
        }
        else
        {
            ReportConsole.Write(host, ZooTables.Seeds(_recipe, seeds));
        }

        var to = json ? host.Error : host.Output;
        to.WriteLine(trained is null
            ? $"Written to {folder.Path}: {seeds.Length} of {_recipe.Seeds.Count} seeds; rnnzoo zoo train {entry.Name} --output {folder.Path} trains the others."
            : settings.Write ? $"Written to {entry.Folder}" : $"Written to {folder.Model}; the same command with --write --output {folder.Path} installs it.");
    }
}
