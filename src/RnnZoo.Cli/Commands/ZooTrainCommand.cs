using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Training;
using RnnZoo.Zoo;
using Spectre.Console;

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
        var tensorBoard = OutputFolder.TensorBoard();
        var output = Values.Text("--output", "The folder to write into; seeds that are finished there are kept. By default a new one, runs/<time>-NAME", "a folder");
        var command = new ExampleCommand("train", "Trains a model by its recipe, all seeds of it. A run that was stopped goes on with the seeds that are missing in the same --output.",
            ("rnnzoo zoo train copy-lstm-h128.t100", "repeats the recipe, and leaves the model's folder alone"),
            ("rnnzoo zoo train copy-lstm-h128.t100 --seed 1 --output runs/again", "one seed; the same command without --seed trains the others"),
            ("rnnzoo zoo train copy-lstm-h128.t100 --output runs/again --write", "the rest, and installs the result"))
        { name, seed, text, jobs, write, output, models, json, tensorBoard };
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
            var settings = new ZooTrainSettings(one, file, parsed.GetValue(jobs), parsed.GetValue(write), parsed.GetValue(output), parsed.GetValue(tensorBoard));
            return new ZooTrainRun(host, entry, manifest, settings, parsed.GetValue(json)).Run(cancellation);
        })));
        return command;
    }
}

/// <summary>What `zoo train` was asked for: the values of the options, which say what each is.</summary>
internal sealed record ZooTrainSettings(long? Seed, string? Text, int Jobs, bool Write, string? Output, bool TensorBoard);

/// <summary>One run of `zoo train`: the seeds of a recipe, and the model's folder when all are there.</summary>
internal sealed class ZooTrainRun(CliHost host, ModelEntry entry, ModelManifest manifest, ZooTrainSettings settings, bool json)
{
    private readonly TextWriter _lines = TextWriter.Synchronized(host.Error);
    private readonly ModelRecipe _recipe = manifest.Recipe;

    public int Run(CancellationToken cancellation)
    {
        var text = OpenText();
        var path = OutputFolder.Make(host, settings.Output, entry.Name);
        using var folder = new ZooTrainFolder(path, _recipe);
        if (settings.Write && ModelFolder.OtherIn(entry.Folder) is { } other)
        {
            throw new UsageException($"--write: expected {entry.Folder} to hold a model alone, for another takes the folder's place, got {other} in it; move that, or leave --write out.");
        }

        var wanted = settings.Seed is { } one ? [one] : _recipe.Seeds;
        var begun = wanted.Where(seed => folder.ResultOf(seed) is null).ToArray();
        foreach (var seed in wanted.Except(begun))
        {
            _lines.WriteLine($"seed {seed,-3} is finished in {path}");
        }

        var workers = _recipe.CanTrainSideBySide ? settings.Jobs : 1; // where their numbers stay the same
        Workers.Run(begun, workers, _recipe.Threads, (seed, stop) => Train(seed, folder, path, text, stop), cancellation);
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

    private void Train(long seed, ZooTrainFolder folder, string path, TrainingText? text, CancellationToken stop)
    {
        using var board = settings.TensorBoard ? OutputFolder.Board(host, path, $"seed-{seed}") : null;
        using var trained = _recipe.Train(seed, RunOf(seed, folder, text, board), stop);
        if (trained.Reason != StopReason.Cancelled)
        {
            var result = folder.Save(entry.Name, trained);
            var metrics = result.Metrics.Select(metric => $"{metric.Name} {metric.Value:0.######} ± {metric.StandardError:0.######}");
            _lines.WriteLine($"seed {seed,-3} ended: {result.Ended}, {result.Steps} steps, {result.Seconds:0.0} s, {string.Join(", ", metrics)}");
        }
    }

    private RecipeRun RunOf(long seed, ZooTrainFolder folder, TrainingText? text, TensorBoardObserver? board)
    {
        var steps = _recipe is CharacterRecipe characters ? characters.Training.Steps : ((SequenceRecipe)_recipe).Stages.Sum(stage => (long)stage.Training.Steps);
        var lines = new SeedLines(_lines, seed, steps);
        return new RecipeRun
        {
            Text = text,
            Checkpoints = text is null ? null : folder.CheckpointsOf(seed),
            Observer = board is null ? lines : new Observers(lines, board),
            Notice = _lines.WriteLine,
        };
    }

    private void Report(ZooTrainFolder folder, SeedResult[] seeds, ModelManifest? trained)
    {
        var installed = trained is not null && settings.Write ? entry.Folder : null;
        host.Print(json, () => Document(entry.Name, seeds, trained, installed), () => ReportConsole.Write(host, SeedTable(_recipe, seeds)), trained is null
            ? $"Written to {folder.Path}: {seeds.Length} of {_recipe.Seeds.Count} seeds; rnnzoo zoo train {entry.Name} --output {folder.Path} trains the others."
            : installed is not null ? $"Written to {installed}" : $"Written to {folder.Model}; the same command with --write --output {folder.Path} installs it.");
    }

    private static Table SeedTable(ModelRecipe recipe, IReadOnlyList<SeedResult> seeds)
    {
        var metrics = seeds.SelectMany(seed => seed.Metrics).Select(metric => metric.Name).Distinct();
        return ReportTable.Of(
            TableBorder.Rounded,
            seeds,
            [
                new("seed", seed => $"{seed.Seed}{(seed.Seed == recipe.CommittedSeed ? " (committed)" : "")}"),
                .. metrics.Select(name => new Column<SeedResult>(name, seed => seed.Metrics.FirstOrDefault(metric => metric.Name == name)?.Value, "0.######")),
                new("steps", seed => seed.Steps, "#,0"),
                new("ended by", seed => seed.Ended) { Wraps = true },
                new("seconds", seed => seed.Seconds, "0.0"),
            ]);
    }

    private static string Document(string name, IReadOnlyList<SeedResult> seeds, ModelManifest? trained, string? installed) => JsonText.Write(json =>
    {
        json.WriteString("name", name);
        json.WriteBoolean("complete", trained is not null);
        json.WriteString("weightsSha256", trained?.Result!.WeightsSha256);
        json.WriteString("installed", installed);
        json.WriteObjects("seeds", seeds, seed =>
        {
            json.WriteNumber("seed", seed.Seed);
            json.WriteNumber("steps", seed.Steps);
            json.WriteString("ended", seed.Ended);
            json.WriteFinite("seconds", seed.Seconds);
            json.WriteString("weightsSha256", seed.WeightsSha256);
            ZooCommand.WriteMetrics(json, seed.Metrics);
        });
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

    /// <exception cref="InvalidDataException">The folder holds a run of another recipe.</exception>
    /// <exception cref="IOException">Another run writes into it.</exception>
    public ZooTrainFolder(string path, ModelRecipe recipe)
    {
        (Path, _lock) = (path, OutputFolder.Lock(path));
        var (file, text) = (File(RecipeFile), recipe.ToJson());
        var earlier = System.IO.File.Exists(file) ? System.IO.File.ReadAllText(file) : null;
        if (earlier is null ? Directory.Exists(Model) : earlier != text) // a folder 'model' without a recipe is not ours to replace
        {
            Dispose();
            throw new InvalidDataException($"{file}: expected the recipe that is to be trained, got {(earlier is null ? "none beside a folder 'model'" : "another one")}; name another folder with --output.");
        }

        AtomicFile.WriteText(file, text);
    }

    public string Path { get; }

    /// <summary>Where the model's folder is put together.</summary>
    public string Model => File("model");

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
        AtomicFile.Copy(WeightsOf(committed), System.IO.Path.Combine(Model, ModelFolder.Weights));
        // The committed seed last: the last line of the log holds the hash of the model's weights.
        var log = seeds.OrderBy(seed => seed.Seed == committed).SelectMany(seed => TrainingLog.Read(LogOf(seed.Seed)));
        return ModelFolder.Write(Model, manifest, seeds, [.. log], text, day);
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _lock.Dispose();
}

/// <summary>Says on standard error how the training of a seed gets on, some twenty times.</summary>
internal sealed class SeedLines(TextWriter lines, long seed, long steps) : ITrainingObserver
{
    private readonly long _every = Math.Max(1, steps / 20);
    private int _stepsBefore;
    private EvaluationRecord? _look;

    public void OnStep(in StepRecord step)
    {
        var taken = _stepsBefore + step.Step;
        if (taken % _every == 0)
        {
            lines.WriteLine($"seed {seed,-3} step {taken,7}/{steps}  loss {step.Loss:0.000000}  metric {(_look is { } look ? look.Metric.ToString("0.0000") : "  –   ")}  stage {step.Seconds,7:0.0} s");
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation) => _look = evaluation;

    public void OnEnd(TrainingResult result)
    {
        _stepsBefore += result.Steps;
        lines.WriteLine($"seed {seed,-3} step {_stepsBefore,7}/{steps}  stage ended: {result.Reason.Name()}, metric {result.Final?.Metric ?? double.NaN:0.0000}");
    }
}
