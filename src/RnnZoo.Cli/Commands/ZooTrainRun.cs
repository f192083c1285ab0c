using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Training;
using RnnZoo.Zoo;
using Spectre.Console;
using TorchSharp;

namespace RnnZoo.Cli.Commands;

/// <summary>One run of `zoo train`: the seeds of a recipe, and the model's folder when all are there.</summary>
internal sealed class ZooTrainRun(CliHost host, ModelEntry entry, ModelManifest manifest, ZooTrainSettings settings, bool json)
{
    private readonly ZooTrainProgress _progress = new(host.Error);
    private readonly ModelRecipe _recipe = manifest.Recipe;

    public int Run(CancellationToken cancellation)
    {
        var text = OpenText();
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
        var trained = finished.Length == _recipe.Seeds.Count ? folder.Assemble(manifest, finished, text, host.Time.GetLocalNow()) : null;
        if (trained is not null && settings.Write)
        {
            ModelFolder.Install(folder.Model, entry.Folder);
        }

        Report(folder, finished, trained);
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private TrainingText? OpenText()
    {
        if (_recipe is not CharacterRecipe recipe)
        {
            return settings.Text is null ? null : throw new UsageException($"--text: expected none for {entry.Name}, which learns no text; leave it out.");
        }

        if (settings.Text is not { } file)
        {
            throw new UsageException($"--text: expected the text of {entry.Name}: {recipe.Text.Title}. To get it: {recipe.Text.Source}");
        }

        if (!File.Exists(file))
        {
            throw new UsageException($"--text: expected the file with {recipe.Text.Title}, got '{file}', which is no file.");
        }

        try
        {
            return recipe.OpenText(file);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"--{(problem.Message.StartsWith("text: ", StringComparison.Ordinal) ? "" : "text: ")}{problem.Message}", problem);
        }
    }

    /// <summary>Trains seeds, several at a time where the recipe lets their numbers be the same.</summary>
    private void TrainAll(IReadOnlyList<long> seeds, ZooTrainFolder folder, TrainingText? text, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new ConcurrentQueue<ExceptionDispatchInfo>();
        var queue = new ConcurrentQueue<long>(seeds);
        var threadsBefore = torch.get_num_threads();
        try
        {
            torch.set_num_threads(_recipe.Threads); // new threads begin with the count that was set last
            var workers = Enumerable.Range(0, _recipe.CanTrainSideBySide ? Math.Min(settings.Jobs, seeds.Count) : Math.Min(1, seeds.Count))
                .Select(_ => new Thread(() => Work(queue, folder, text, failures, stop))).ToList();
            workers.ForEach(worker => worker.Start());
            workers.ForEach(worker => worker.Join());
        }
        finally
        {
            torch.set_num_threads(threadsBefore);
        }

        if (failures.TryPeek(out var failure))
        {
            failure.Throw();
        }
    }

    private void Work(ConcurrentQueue<long> queue, ZooTrainFolder folder, TrainingText? text, ConcurrentQueue<ExceptionDispatchInfo> failures, CancellationTokenSource stop)
    {
        try
        {
            while (!stop.IsCancellationRequested && queue.TryDequeue(out var seed))
            {
                using var trained = _recipe.Train(seed, RunOf(seed, folder, text), stop.Token);
                if (trained.Reason != StopReason.Cancelled)
                {
                    var result = folder.Save(entry.Name, trained);
                    _progress.Say($"seed {seed,-3} ended: {result.Ended}, {result.Steps} steps, {result.Seconds:0.0} s, {string.Join(", ", result.Metrics.Select(metric => FormattableString.Invariant($"{metric.Name} {metric.Value:0.######} ± {metric.StandardError:0.######}")))}");
                }
            }
        }
        catch (Exception exception)
        {
            failures.Enqueue(ExceptionDispatchInfo.Capture(exception));
            stop.Cancel();
        }
    }

    private RecipeRun RunOf(long seed, ZooTrainFolder folder, TrainingText? text)
    {
        var steps = _recipe is CharacterRecipe characters ? characters.Training.Steps : ((SequenceRecipe)_recipe).Stages.Sum(stage => (long)stage.Training.Steps);
        return new RecipeRun
        {
            Text = text,
            Checkpoints = text is null ? null : folder.CheckpointsOf(seed),
            Observer = _progress.ObserverOf(seed, steps),
            Notice = _progress.Note,
        };
    }

    private void Report(ZooTrainFolder folder, SeedResult[] seeds, ModelManifest? trained)
    {
        if (json)
        {
            host.Output.Write(Document(entry.Name, seeds, trained, trained is not null && settings.Write ? entry.Folder : null));
        }
        else
        {
            ReportConsole.Write(host, SeedTable(_recipe, seeds));
        }

        var to = json ? host.Error : host.Output;
        to.WriteLine(trained is null
            ? $"Written to {folder.Path}: {seeds.Length} of {_recipe.Seeds.Count} seeds; rnnzoo zoo train {entry.Name} --output {folder.Path} trains the others."
            : settings.Write ? $"Written to {entry.Folder}" : $"Written to {folder.Model}; the same command with --write --output {folder.Path} installs it.");
    }

    private static Table SeedTable(ModelRecipe recipe, IReadOnlyList<SeedResult> seeds)
    {
        string[] metrics = [.. seeds.SelectMany(seed => seed.Metrics).Select(metric => metric.Name).Distinct()];
        var table = ZooCommand.Table("seed");
        table.AddColumns([.. metrics.Select(name => ZooCommand.Right(Markup.Escape(name)))]);
        table.AddColumn(ZooCommand.Right("steps")).AddColumn("ended by").AddColumn(ZooCommand.Right("seconds"));
        foreach (var seed in seeds)
        {
            table.AddRow(
            [
                $"{seed.Seed}{(seed.Seed == recipe.CommittedSeed ? " (committed)" : "")}",
                .. metrics.Select(name => ZooCommand.Number(seed.Metrics.FirstOrDefault(metric => metric.Name == name)?.Value, "0.######")),
                ZooCommand.Number(seed.Steps, "#,0"),
                Markup.Escape(seed.Ended),
                ZooCommand.Number(seed.Seconds, "0.0"),
            ]);
        }

        return table;
    }

    private static string Document(string name, IReadOnlyList<SeedResult> seeds, ModelManifest? trained, string? installed) => JsonText.Write(json =>
    {
        json.WriteString("name", name);
        json.WriteBoolean("complete", trained is not null);
        json.WriteString("weightsSha256", trained?.Result!.WeightsSha256);
        json.WriteString("installed", installed);
        json.WriteStartArray("seeds");
        foreach (var seed in seeds)
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed.Seed);
            json.WriteNumber("steps", seed.Steps);
            json.WriteString("ended", seed.Ended);
            json.WriteFinite("seconds", seed.Seconds);
            json.WriteString("weightsSha256", seed.WeightsSha256);
            ZooCommand.WriteMetrics(json, seed.Metrics);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}

/// <summary>
/// The folder of one run of `zoo train`: the recipe, and of each finished seed its weights, log and results. A run that is
/// begun again in the same folder keeps what is finished.
/// </summary>
internal sealed class ZooTrainFolder : IDisposable
{
    private const string RecipeFile = "recipe.json";

    private readonly FileStream _lock;

    private ZooTrainFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    public string Path { get; }

    /// <summary>Where the model's folder is put together.</summary>
    public string Model => File("model");

    /// <exception cref="InvalidDataException">The folder holds a run of another recipe.</exception>
    /// <exception cref="IOException">Another run writes into it.</exception>
    public static ZooTrainFolder Open(string path, ModelRecipe recipe)
    {
        var folder = new ZooTrainFolder(path, OutputFolder.Lock(path));
        var (file, text) = (folder.File(RecipeFile), recipe.ToJson());
        if (!System.IO.File.Exists(file))
        {
            AtomicFile.WriteText(file, text);
        }
        else if (System.IO.File.ReadAllText(file) != text)
        {
            folder.Dispose();
            throw new InvalidDataException($"{file}: expected the recipe that is to be trained, got another one; name another folder with --output.");
        }

        return folder;
    }

    /// <summary>What came of a seed; null if it is not finished.</summary>
    public SeedResult? ResultOf(long seed)
    {
        var file = File($"seed-{seed}.json");
        if (!System.IO.File.Exists(file))
        {
            return null;
        }

        var result = SeedResult.Read(file);
        var got = CheckedFile.HashOf(WeightsOf(seed));
        return got == result.WeightsSha256 ? result : throw new InvalidDataException($"{WeightsOf(seed)}: expected the SHA-256 {result.WeightsSha256} of {file}, got {got}; delete both files to train the seed again.");
    }

    public string WeightsOf(long seed) => File($"seed-{seed}.safetensors");

    public string LogOf(long seed) => File($"seed-{seed}.jsonl");

    public string CheckpointsOf(long seed) => File($"seed-{seed}");

    /// <summary>Writes what came of a seed; the results come last, for they say that it is finished.</summary>
    public SeedResult Save(string model, TrainedSeed trained)
    {
        var result = trained.SaveResult(WeightsOf(trained.Seed), model);
        TrainingLog.Write(LogOf(trained.Seed), [.. trained.Log, result.ToLogEntry()]);
        result.Write(File($"seed-{trained.Seed}.json"));
        return result;
    }

    /// <summary>Puts the model's folder together, as it is to be installed.</summary>
    public ModelManifest Assemble(ModelManifest manifest, IReadOnlyList<SeedResult> seeds, TrainingText? text, DateTimeOffset day)
    {
        if (Directory.Exists(Model))
        {
            Directory.Delete(Model, recursive: true);
        }

        Directory.CreateDirectory(Model);
        var committed = manifest.Recipe.CommittedSeed;
        System.IO.File.Copy(WeightsOf(committed), System.IO.Path.Combine(Model, ModelFolder.Weights));
        // The committed seed last: the last line of the log holds the hash of the model's weights.
        var log = seeds.OrderBy(seed => seed.Seed == committed).SelectMany(seed => TrainingLog.Read(LogOf(seed.Seed)));
        return ModelFolder.Write(Model, manifest, seeds, [.. log], text, day);
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _lock.Dispose();
}

/// <summary>Says on standard error how the trainings of the seeds get on, each some twenty times.</summary>
internal sealed class ZooTrainProgress(TextWriter writer)
{
    private const int Lines = 20;

    private readonly Lock _gate = new();

    public ITrainingObserver ObserverOf(long seed, long steps) => new SeedLines(this, seed, steps);

    public void Say(FormattableString line) => Note(line.ToString(CultureInfo.InvariantCulture));

    public void Note(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private sealed class SeedLines(ZooTrainProgress progress, long seed, long steps) : ITrainingObserver
    {
        private readonly long _every = Math.Max(1, steps / Lines);
        private int _stepsBefore;
        private EvaluationRecord? _look;

        public void OnStep(in StepRecord step)
        {
            var taken = _stepsBefore + step.Step;
            if (taken % _every == 0)
            {
                progress.Say($"seed {seed,-3} step {taken,7}/{steps}  loss {step.Loss:0.000000}  metric {(_look is { } look ? look.Metric.ToString("0.0000", CultureInfo.InvariantCulture) : "  –   ")}  stage {step.Seconds,7:0.0} s");
            }
        }

        public void OnEvaluation(EvaluationRecord evaluation) => _look = evaluation;

        public void OnEnd(TrainingResult result)
        {
            _stepsBefore += result.Steps;
            progress.Say($"seed {seed,-3} step {_stepsBefore,7}/{steps}  stage ended: {result.Reason.Name()}, metric {result.Final?.Metric ?? double.NaN:0.0000}");
        }
    }
}
