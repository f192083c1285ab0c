using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Streams;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>How a character model is trained.</summary>
internal sealed record CharacterRecipe : ModelRecipe
{
    public required TextRecipe Text { get; init; }

    /// <summary>What the model reads and writes.</summary>
    public VocabularyKind Vocabulary { get; init; } = VocabularyKind.Characters;

    /// <summary>Which share of the text, at its end, is held out; it is kept beside the weights to measure on.</summary>
    public required double HeldOutShare { get; init; }

    /// <summary>
    /// Whether the weights are those of the best measurement on the held-out text, as <c>train chars</c> keeps them; the text
    /// then had a say in them, and the bits per character are that much too good. Otherwise they are those of the last step.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool KeepBest { get; init; }

    public required CharacterModelShape Net { get; init; }

    public required CharacterTrainingOptions Training { get; init; }

    internal override string TaskName => "characters";

    internal override string Cell => Net.Cell;

    internal override int Hidden => Net.Hidden;

    [JsonIgnore]
    public override bool CanTrainSideBySide => Threads == 1 && Net.Dropout == 0; // dropout draws from the process's generator

    /// <summary>Reads the text.</summary>
    /// <exception cref="InvalidDataException">It is another text; the message says where to get the right one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public TrainingText OpenText(string file)
    {
        CheckText(TrainingText.HashOf(file), file);
        return TrainingText.Open(file, Vocabulary, HeldOutShare);
    }

    private protected override TrainedSeed TrainOne(long seed, RecipeRun run, CancellationToken cancellation)
    {
        var text = run.Text ?? OpenText(run.TextFile ?? throw new ArgumentException($"run.TextFile: expected the file with the text to learn, {Text.Title}, got none. To get it: {Text.Source}", nameof(run)));
        CheckText(text.Sha256, "another one");
        CheckSize(text.Vocabulary, run.Checkpoints);
        CharacterModel model;
        lock (DrawingWeights)
        {
            manual_seed(RnnZoo.Seeds.Derive(seed, "weights"));
            model = new CharacterModel(text.Vocabulary, Net);
        }

        try
        {
            model.Net.Backward = Backward;
            using var training = new CharacterRun(this, seed, model, text, run);
            return training.Train(cancellation);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // The model is made before a checkpoint is read into it, and takes the memory that the recipe says: one that is larger than
    // the checkpoint's is refused before.
    private void CheckSize(Vocabulary vocabulary, string? checkpoints)
    {
        using var scope = NewDisposeScope();
        if (checkpoints is not null && Directory.Exists(checkpoints) && new CheckpointFolder(checkpoints).LoadNewest() is { } newest
            && CharacterModel.CountOf(vocabulary, Net) > CharacterCheckpoint.CountOf(newest))
        {
            throw new InvalidDataException(FormattableString.Invariant($"{newest.Name}: expected a checkpoint of the recipe's net, whose {CharacterModel.CountOf(vocabulary, Net):#,0} parameters it would hold, got one with {CharacterCheckpoint.CountOf(newest):#,0}."));
        }
    }

    private void CheckText(string sha256, string got)
    {
        if (sha256 != Text.Sha256)
        {
            throw new InvalidDataException($"text: expected {Text.Title} with the SHA-256 {Text.Sha256}, got {got} with {sha256}. To get it: {Text.Source}");
        }
    }

    internal override void Validate()
    {
        base.Validate();
        Check.Hash(Text.Sha256, "recipe.text.sha256");
        Check.That(HeldOutShare is > 0 and < 1, "recipe.heldOutShare", "above 0 and below 1", HeldOutShare);
        Check.Within("recipe.net", Net.Validate);
        Check.Within("recipe.training", Training.Validate);
    }
}

/// <summary>A text to train on. It is not kept with the model; whoever repeats the training gets it as is said here.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Source">How to get it, to the byte: commands, an address, or a path.</param>
/// <param name="Sha256">The SHA-256 of its bytes.</param>
internal sealed record TextRecipe(string Title, string Source, string Sha256);

/// <summary>A text to be learned, in memory, in its parts to train on and to hold out.</summary>
/// <param name="Vocabulary">The characters of the whole text, or the bytes.</param>
/// <param name="Sha256">The SHA-256 of the file's bytes.</param>
/// <param name="Training">The beginning, to train on.</param>
/// <param name="HeldOut">The end, to measure on.</param>
internal sealed record TrainingText(Vocabulary Vocabulary, string Sha256, Tokens Training, Tokens HeldOut)
{
    /// <summary>Reads a text, whichever it is; <see cref="CharacterRecipe.OpenText"/> reads a recipe's.</summary>
    /// <exception cref="InvalidDataException">It is too short, or no valid UTF-8.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrainingText Open(string file, VocabularyKind vocabulary, double heldOutShare)
    {
        var sha256 = HashOf(file);
        var known = vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : Vocabulary.OfFile(file);
        var all = known.TokensOfFile(file);
        var heldOut = Math.Max(2, (long)Math.Round(all.Count * heldOutShare));
        var training = all.Count - heldOut;
        return training >= 2
            ? new TrainingText(known, sha256, all.Slice(0, training), all.Slice(training, heldOut))
            : throw new InvalidDataException($"{file}: expected a text of at least 4 characters, 2 to train on and 2 to hold out, and a share held out that leaves so many, got {all.Count} characters, {Math.Max(0, training)} of them to train on.");
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string HashOf(string file)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"expected a file, got '{file}', which {(Directory.Exists(file) ? "is a folder" : "is not there")}.");
        }

        return AtomicFile.CanBeReadAgain(file)
            ? CheckedFile.HashOf(file)
            : throw new InvalidDataException($"expected a file, which is read more than once, got '{file}', which is a pipe or a device; write the text into a file first.");
    }

    public void WriteHeldOut(string file)
    {
        var ids = new long[HeldOut.Count];
        HeldOut.Read(0, ids);
        var bytes = Vocabulary.Kind == VocabularyKind.Bytes ? Array.ConvertAll(ids, id => (byte)id) : System.Text.Encoding.UTF8.GetBytes(Vocabulary.Decode(ids));
        AtomicFile.Write(file, stream => stream.Write(bytes));
    }
}

/// <summary>The training of a character model by a recipe. Where there are checkpoints it goes on from the last.</summary>
internal sealed class CharacterRun : IDisposable
{
    private readonly CharacterRecipe _recipe;
    private readonly long _seed;
    private readonly CharacterModel _model;
    private readonly TrainingText _text;
    private readonly RecipeRun _run;
    private readonly DirectoryInfo? _scratch; // of a training without checkpoints that keeps the best weights
    private readonly CharacterTrainer _trainer;

    public CharacterRun(CharacterRecipe recipe, long seed, CharacterModel model, TrainingText text, RecipeRun run)
    {
        (_recipe, _seed, _model, _text, _run) = (recipe, seed, model, text, run);
        var checkpoints = run.Checkpoints is { } folder ? new CheckpointFolder(Directory.CreateDirectory(folder).FullName) : null;
        _trainer = new CharacterTrainer(model, text.Training, text.HeldOut, recipe.Training, Seeds.Derive(seed, "training"), checkpoints, run.Observer)
        {
            OnBest = recipe.KeepBest ? KeepBest : null,
            OnCheckpoint = () => run.OnCheckpoint?.Invoke(Trained(null, [])),
        };
        if (_trainer.Resume(problem => run.Notice?.Invoke($"refused: {problem}")) is { } step)
        {
            run.Notice?.Invoke(FormattableString.Invariant($"goes on after step {step}"));
        }

        _scratch = recipe.KeepBest && checkpoints is null ? Directory.CreateTempSubdirectory("rnnzoo-") : null;
    }

    private string BestWeights => Path.Combine(_run.Checkpoints ?? _scratch!.FullName, ModelFolder.Weights);

    private TokenStreams HeldOut => CharacterTrainer.ValidationStreams(_text.HeldOut, _recipe.Training);

    public TrainedSeed Train(CancellationToken cancellation)
    {
        var reason = _trainer.Run(cancellation);
        var progress = _trainer.Progress;
        if (reason == StopReason.Cancelled)
        {
            return Trained(reason, []);
        }

        var best = _recipe.KeepBest && progress.BestBits is not null;
        if (best && progress.BestStep != progress.Step)
        {
            LoadBest(progress);
        }

        return Trained(reason, Measured(_model.Measure(HeldOut), best ? BestOf(progress) : ModelMeasurement.LastStep));
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _scratch?.Delete(recursive: true);
    }

    private void KeepBest()
    {
        _model.Net.SaveSafeTensors(BestWeights);
        var progress = _trainer.Progress;
        _run.OnBest?.Invoke(Trained(null, Measured(progress.BestBits!.Value, BestOf(progress))));
    }

    private IReadOnlyList<MetricValue> Measured(double bits, string weights) => ModelMeasurement.OfText(bits, _text.HeldOut, HeldOut, weights);

    private void LoadBest(CharacterProgress progress)
    {
        if (!File.Exists(BestWeights))
        {
            throw new InvalidDataException($"{BestWeights}: expected the weights of step {progress.BestStep}, the best so far, found none; begin the training anew.");
        }

        _model.Net.LoadSafeTensors(BestWeights);
    }

    private TrainedSeed Trained(StopReason? reason, IReadOnlyList<MetricValue> metrics)
    {
        var progress = _trainer.Progress;
        return new TrainedSeed(_seed, _model.Net, _model)
        {
            Reason = reason,
            Ended = reason?.Name() ?? "running",
            Steps = progress.Step,
            Seconds = progress.Seconds,
            Metrics = metrics,
            Log = TrainingLog.Of(_seed, progress),
            Progress = progress,
        };
    }

    private static string BestOf(CharacterProgress progress) =>
        $"weights of step {progress.BestStep}, the best of {progress.History.Count(record => record.ValidationBits is not null)} measurements on this same text";
}
