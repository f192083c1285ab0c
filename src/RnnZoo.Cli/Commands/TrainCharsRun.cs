using System.Diagnostics;
using System.Text.Json;
using RnnZoo.Characters;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// One run of `train chars`, from a recipe to its folder: that of a model as the zoo has them, with checkpoints and a report
/// beside. Whenever a measurement is the best so far, the model is written; the recipe is there from the start.
/// </summary>
internal sealed class TrainCharsRun(CliHost host, bool json, bool tensorBoard) : ITrainingObserver
{
    private const int PointsPerLine = 250;
    private const string Results = "results.json";

    private static readonly string[] Files = [.. ModelFolder.Files, Results];
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _sinceDrawn = Stopwatch.StartNew();
    private int _drawn;
    private string _folder = "";
    private ModelManifest _manifest = null!; // both from the moment that training begins

    private CharacterRecipe Recipe => (CharacterRecipe)_manifest.Recipe;

    /// <summary>Begins a training of a recipe, which need not know the hash of its text, in a folder; null for a new one. An earlier run there is replaced. Cancelled, it ends with a checkpoint.</summary>
    public int Begin(CharacterRecipe recipe, string? outputFolder, CancellationToken cancellation)
    {
        var text = OpenText(recipe, recipe.Text.Source, sha256: null);
        if (TooShort(recipe.Training, text.Training.Count) is { } wrong)
        {
            throw new UsageException($"{wrong.Option}: {wrong.Problem}.");
        }

        _folder = OutputFolder.Make(host, outputFolder, "chars");
        using var held = OutputFolder.Lock(_folder);
        string[] earlier = [.. OutputFolder.EventFiles(_folder), .. new CheckpointFolder(_folder).Files, .. Enumerable.Reverse(Files).Select(name => Path.Combine(_folder, name)).Where(File.Exists)];
        if (earlier.Length > 0)
        {
            InputException.Read("--output", ManifestOfRun); // or what has these names is someone's own
        }

        Array.ForEach(earlier, File.Delete); // the manifest last: a folder that has one is that of a run

        _manifest = new ModelManifest
        {
            Format = 1,
            Name = $"chars-{recipe.Cell}-h{recipe.Hidden}.{NameOf(recipe.Text)}",
            Summary = $"A character model of {recipe.Text.Title}.",
            Licence = "NOASSERTION", // SPDX for a licence that nobody has stated
            Recipe = recipe with { Text = recipe.Text with { Sha256 = text.Sha256 } },
        };
        AtomicFile.WriteText(Path.Combine(_folder, ModelFolder.Manifest), _manifest.ToJson());
        return Train(text, cancellation);
    }

    /// <summary>Goes on with a training.</summary>
    /// <param name="runFolder">Its folder.</param>
    /// <param name="textPath">Where its text is now; null for where it was.</param>
    /// <param name="steps">To which step to train in place of its own limit; the learning rate then follows the schedule of so many steps.</param>
    /// <param name="cancellation">Ends it, with a checkpoint.</param>
    public int Resume(string runFolder, string? textPath, int? steps, CancellationToken cancellation)
    {
        _folder = Path.GetFullPath(Path.Combine(host.WorkingDirectory, runFolder));
        _manifest = InputException.Read("--resume", ManifestOfRun);
        using var held = InputException.Read("--resume", () => OutputFolder.Lock(_folder));
        if (steps <= Recipe.Training.Steps)
        {
            throw new UsageException($"--steps: expected more than the {Recipe.Training.Steps} steps that the run was to take, got {steps}; without --steps it goes on to those.");
        }

        var source = textPath ?? Recipe.Text.Source;
        var text = OpenText(Recipe, source, Recipe.Text.Sha256);
        if (TooShort(Recipe.Training, text.Training.Count) is { } wrong)
        {
            throw new InvalidDataException($"--resume: {Path.Combine(_folder, ModelFolder.Manifest)}: recipe.training.{wrong.Field}: {wrong.Problem}.");
        }

        _manifest = _manifest with { Recipe = Recipe with { Text = Recipe.Text with { Source = source }, Training = Recipe.Training with { Steps = steps ?? Recipe.Training.Steps } } };
        if (steps is not null)
        {
            AtomicFile.WriteText(Path.Combine(_folder, ModelFolder.Manifest), _manifest.ToJson()); // or a run that is killed again would forget it
        }

        return Train(text, cancellation);
    }

    public void OnStep(in StepRecord step)
    {
        if (host.ErrorIsTerminal && _sinceDrawn.Elapsed > Interval)
        {
            _sinceDrawn.Restart();
            var line = Line(step.Step, step.Seconds, $"training {step.Loss / Math.Log(2):0.000}");
            host.Error.Write("\r" + line.PadRight(_drawn));
            _drawn = line.Length;
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        var isBest = evaluation.Metric < (_manifest.Result?.Metrics[0].Value ?? double.PositiveInfinity);
        var line = Line(evaluation.Step, evaluation.Seconds, $"validation {evaluation.Metric:0.0000} bits per character{(isBest ? "  best" : "")}");
        host.Error.WriteLine((_drawn > 0 ? "\r" : "") + line.PadRight(_drawn));
        host.Error.Flush();
        _drawn = 0;
    }

    /// <exception cref="InvalidDataException">The folder holds no run.</exception>
    private ModelManifest ManifestOfRun()
    {
        var file = Path.Combine(_folder, ModelFolder.Manifest);
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"{_folder}: expected the folder of a run of train chars, which has a {ModelFolder.Manifest}, found none; name another folder.");
        }

        var manifest = ModelManifest.Read(file);
        return manifest.Recipe is CharacterRecipe { KeepBest: true, Seeds.Count: 1 }
            ? manifest
            : throw new InvalidDataException($"{file}: expected the recipe of a run of train chars, which keeps the best weights of one seed, got another; rnnzoo zoo train {_folder} repeats that one.");
    }

    private static TrainingText OpenText(CharacterRecipe recipe, string file, string? sha256) => InputException.Read("--text", () =>
    {
        var text = TrainingText.Open(file, recipe.Vocabulary, recipe.HeldOutShare);
        return sha256 is null || text.Sha256 == sha256
            ? text
            : throw new InvalidDataException($"{file}: expected the text that the run began with, got another one; name that one with --text.");
    });

    /// <summary>Which option, and which field of a recipe, the text is too short for, and what is wrong with it; null if it is long enough.</summary>
    private static (string Option, string Field, string Problem)? TooShort(CharacterTrainingOptions training, long characters)
    {
        var (streams, length) = (training.Streams, training.ChunkLength);
        return streams > characters - 1 ? ("--streams", "streams", $"expected at most {characters - 1} for the {characters} characters to train on, got {streams}")
            : length > (characters - 1) / streams ? ("--chunk", "chunkLength", $"expected at most the {(characters - 1) / streams} steps that each of {streams} streams has in the {characters} characters to train on, got {length}; give a smaller chunk or fewer streams")
            : null;
    }

    private int Train(TrainingText text, CancellationToken cancellation)
    {
        using var board = tensorBoard || OutputFolder.EventFiles(_folder).Length > 0 ? OutputFolder.Board(host, _folder) : null; // a run that began with one goes on with it
        ITrainingObserver observer = board is null ? this : new Observers(this, board);
        var run = new RecipeRun { Text = text, Checkpoints = _folder, Observer = observer, OnBest = trained => Keep(trained, text), OnCheckpoint = WriteLog, Notice = host.Error.WriteLine };
        using var trained = Recipe.Train(Recipe.CommittedSeed, run, cancellation);
        if (trained.Reason != StopReason.Cancelled && trained.Progress!.BestBits is not null)
        {
            Keep(trained, text);
        }

        WriteLog(trained);
        return Report(trained, text);
    }

    /// <summary>Writes the log so far; where there are weights, its last line is theirs.</summary>
    private void WriteLog(TrainedSeed trained) => TrainingLog.Write(
        Path.Combine(_folder, ModelFolder.Log), _manifest.Result is { } result ? [.. trained.Log, result.Seeds[0].ToLogEntry()] : trained.Log);

    /// <summary>Writes the model with the best weights so far.</summary>
    private void Keep(TrainedSeed trained, TrainingText text)
    {
        var result = trained.SaveResult(Path.Combine(_folder, ModelFolder.Weights), _manifest.Name);
        _manifest = ModelFolder.Write(_folder, _manifest, [result], [.. trained.Log, result.ToLogEntry()], text, host.Time.GetLocalNow());
    }

    /// <returns>The exit code.</returns>
    private int Report(TrainedSeed trained, TrainingText text)
    {
        var document = JsonText.Write(writer => WriteResult(writer, trained, text));
        AtomicFile.WriteText(Path.Combine(_folder, Results), document);
        var files = json ? ""
            : _manifest.Result is not null ? $": results.json, and the model as in the zoo; rnnzoo sample --model {_folder} writes with it"
            : $": results.json, {ModelFolder.Log}; no weights yet, for nothing was measured so far";
        host.Print(json, () => document, () => Show(trained), $"Written to {_folder}{files}");
        switch (trained.Reason)
        {
            case StopReason.Cancelled:
                host.Error.WriteLine($"Interrupted; rnnzoo train chars --resume {_folder} goes on.");
                return ExitCodes.Interrupted;
            case StopReason.Diverged:
                host.Error.WriteLine($"--lr: training diverged after step {trained.Steps}: loss or gradient is not finite; begin anew with a smaller rate than {Recipe.Training.LearningRate}.");
                return ExitCodes.Failure;
            default:
                return ExitCodes.Success;
        }
    }

    private void Show(TrainedSeed trained)
    {
        host.Output.WriteLine(TerminalLines.Render(Curves(trained.Progress!), Math.Min(host.Width, 100), colours: host.OutputHasColours));
        host.Output.WriteLine(Summary(trained));
    }

    private static LineChart Curves(CharacterProgress progress)
    {
        var training = new Series("training", [.. progress.History.Where(record => record.TrainingBits is not null).Select(record => new ChartPoint(record.Step, record.TrainingBits!.Value))]);
        var validation = new Series("validation", [.. progress.History.Where(record => record.ValidationBits is not null).Select(record => new ChartPoint(record.Step, record.ValidationBits!.Value))]);
        return new LineChart(
            "loss",
            new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, progress.Step) },
            new Axis("bits per character"),
            [training.Smoothed(PointsPerLine), validation.Smoothed(PointsPerLine) with { Colour = 1, Markers = validation.Points.Count <= 30 }]);
    }

    private static string Summary(TrainedSeed trained)
    {
        var progress = trained.Progress!;
        return $"{(progress.BestBits is { } bits ? $"{bits:0.0000} bits per character on the held-out text (step {progress.BestStep})" : "not measured")}; {Parameters(trained):#,0} parameters, {progress.Step} steps, {Speed(progress):#,0} characters per second, {progress.Seconds:0.0} s; ended: {trained.Ended}";
    }

    private void WriteResult(Utf8JsonWriter writer, TrainedSeed trained, TrainingText text)
    {
        var progress = trained.Progress!;
        writer.WriteString("task", "chars");
        writer.WriteFinite("validationBitsPerCharacter", progress.BestBits);
        writer.WriteFinite("charactersPerSecond", Math.Round(Speed(progress)));
        writer.WriteFinite("seconds", Math.Round(progress.Seconds, 3));
        writer.WriteNumber("steps", progress.Step);
        writer.WriteNumber("bestStep", progress.BestStep);
        writer.WriteFinite("trainingBitsPerCharacter", progress.History.LastOrDefault(record => record.TrainingBits is not null)?.TrainingBits);
        writer.WriteFinite("trainingSeconds", Math.Round(progress.TrainingSeconds, 3));
        writer.WriteNumber("characters", progress.Characters);
        writer.WriteString("ended", trained.Ended);
        writer.WriteBoolean("partial", trained.Reason == StopReason.Cancelled);
        WriteSettings(writer, trained, text);
    }

    private void WriteSettings(Utf8JsonWriter writer, TrainedSeed trained, TrainingText text)
    {
        var (training, shape) = (Recipe.Training, Recipe.Net);
        writer.WriteString("text", Recipe.Text.Source);
        writer.WriteString("textSha256", text.Sha256);
        writer.WriteNumber("trainingCharacters", text.Training.Count);
        writer.WriteNumber("validationCharacters", text.HeldOut.Count);
        writer.WriteString("vocabulary", TrainingNames.Of(Recipe.Vocabulary));
        writer.WriteNumber("vocabularySize", text.Vocabulary.Size);
        writer.WriteString("cell", shape.Cell);
        writer.WriteNumber("hidden", shape.Hidden);
        writer.WriteNumber("layers", shape.Layers);
        writer.WriteNumber("embedding", shape.Embedding);
        writer.WriteFinite("dropout", shape.Dropout);
        writer.WriteNumber("parameters", Parameters(trained));
        writer.WriteString("backward", TrainingNames.Of(trained.Net.Recurrent.EffectiveBackward));
        writer.WriteNumber("streams", training.Streams);
        writer.WriteNumber("chunk", training.ChunkLength);
        writer.WriteBoolean("randomLength", training.RandomLength);
        writer.WriteNumber("stepLimit", training.Steps);
        writer.WriteString("optimizer", TrainingNames.Of(training.Optimizer));
        writer.WriteFinite("learningRate", training.LearningRate);
        writer.WriteString("schedule", TrainingNames.Of(training.Schedule));
        writer.WriteFinite("clip", training.ClipNorm);
        RunHeader.Write(writer, trained.Seed, Recipe.Threads, "float32");
    }

    private string Line(int step, double seconds, string what)
    {
        var characters = (double)step * Recipe.Training.Streams * Recipe.Training.ChunkLength;
        return $"step {step,7}/{Recipe.Training.Steps}  {what}  {characters / seconds:#,0} chars/s  {seconds:0.0} s";
    }

    private static double Speed(CharacterProgress progress) => progress.TrainingSeconds > 0 ? progress.Characters / progress.TrainingSeconds : 0;

    private static long Parameters(TrainedSeed trained) => trained.Net.parameters().Sum(parameter => parameter.numel());

    // What a name of the zoo may have of the file's.
    private static string NameOf(TextRecipe text)
    {
        var letters = Path.GetFileNameWithoutExtension(text.Title).ToLowerInvariant().Where(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-').ToArray();
        return letters.Length > 0 ? new string(letters) : "text";
    }
}
