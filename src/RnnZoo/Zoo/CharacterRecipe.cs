using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>How a character model is trained.</summary>
public sealed record CharacterRecipe : ModelRecipe
{
    /// <summary>The text.</summary>
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

    /// <summary>The net.</summary>
    public required CharacterModelShape Net { get; init; }

    /// <summary>How it is trained; the seed is derived from the recipe's.</summary>
    public required CharacterTrainingOptions Training { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string TaskName => "characters";

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Cell => Net.Cell;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int Hidden => Net.Hidden;

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool CanTrainSideBySide => Threads == 1 && Net.Dropout == 0; // dropout draws from the process's generator

    /// <summary>Reads the text.</summary>
    /// <param name="file">Where it is.</param>
    /// <returns>The text in its parts.</returns>
    /// <exception cref="InvalidDataException">It is another text; the message says where to get the right one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public TrainingText OpenText(string file)
    {
        CheckText(TrainingText.HashOf(file), file);
        return TrainingText.Open(file, Vocabulary, HeldOutShare);
    }

    private protected override TrainedSeed TrainOne(long seed, RecipeRun run, CancellationToken cancellation)
    {
        var text = run.Text ?? throw new ArgumentException("run.Text: expected the text to learn, opened by the recipe's OpenText, got none.", nameof(run));
        CheckText(text.Sha256, "another one");
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

    private void CheckText(string sha256, string got)
    {
        if (sha256 != Text.Sha256)
        {
            throw new InvalidDataException($"text: expected {Text.Title} with the SHA-256 {Text.Sha256}, got {got} with {sha256}. To get it: {Text.Source}");
        }
    }

    /// <inheritdoc/>
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
public sealed record TextRecipe
{
    /// <summary>What it is.</summary>
    public required string Title { get; init; }

    /// <summary>How to get it, to the byte: commands, an address, or a path.</summary>
    public required string Source { get; init; }

    /// <summary>The SHA-256 of its bytes.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>The training of a character model by a recipe. Where there are checkpoints it goes on from the last.</summary>
internal sealed class CharacterRun : ICharacterTrainingObserver, IDisposable
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
        _trainer = new CharacterTrainer(model, text.Training, text.HeldOut, recipe.Training with { Seed = Seeds.Derive(seed, "training") }, checkpoints, this);
        if (_trainer.Resume(problem => run.Notice?.Invoke($"refused: {problem}")) is { } step)
        {
            run.Notice?.Invoke(FormattableString.Invariant($"goes on after step {step}"));
        }

        _scratch = recipe.KeepBest && checkpoints is null ? Directory.CreateTempSubdirectory("rnnzoo-") : null;
    }

    private string BestWeights => Path.Combine(_run.Checkpoints ?? _scratch!.FullName, ModelFolder.Weights);

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

        var streams = CharacterTrainer.ValidationStreams(_text.HeldOut, _recipe.Training);
        return Trained(reason, ModelMeasurement.OfText(_model.Measure(streams), _text.HeldOut, streams, best ? BestOf(progress) : ModelMeasurement.LastStep));
    }

    public void OnStep(CharacterProgress progress, double loss) => _run.CharacterObserver?.OnStep(progress, loss);

    public void OnMeasurement(CharacterProgress progress, CharacterRecord measurement, bool isBest)
    {
        _run.CharacterObserver?.OnMeasurement(progress, measurement, isBest);
        if (!isBest || !_recipe.KeepBest)
        {
            return;
        }

        _model.Net.SaveSafeTensors(BestWeights);
        var streams = CharacterTrainer.ValidationStreams(_text.HeldOut, _recipe.Training);
        _run.OnBest?.Invoke(Trained(null, ModelMeasurement.OfText(progress.BestBits!.Value, _text.HeldOut, streams, BestOf(_trainer.Progress))));
    }

    public void OnCheckpoint(CharacterProgress progress) => _run.CharacterObserver?.OnCheckpoint(progress);

    public void Dispose()
    {
        _trainer.Dispose();
        _scratch?.Delete(recursive: true);
    }

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
