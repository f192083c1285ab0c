using RnnZoo.Characters;
using RnnZoo.Cli.Chars;
using RnnZoo.Modules;
using RnnZoo.Training;
using RnnZoo.Zoo;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Zoo;

/// <summary>Trains a character model as a recipe says, with checkpoints: killed, it goes on to the same weights.</summary>
internal sealed class CharacterSeedTraining : ISeedTraining
{
    private readonly CharacterRecipe _recipe;
    private readonly CharsText _text;
    private readonly CharacterModel _model;
    private readonly CharacterTrainer _trainer;

    /// <summary>Makes the model, or reads it from the last checkpoint.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="text">The text; it stays the caller's.</param>
    /// <param name="folder">Where checkpoints are.</param>
    /// <param name="progress">Who is told.</param>
    public CharacterSeedTraining(CharacterRecipe recipe, long seed, CharsText text, string folder, ZooTrainProgress progress)
    {
        (_recipe, Seed, _text) = (recipe, seed, text);
        manual_seed(Seeds.Derive(seed, "weights"));
        _model = new CharacterModel(text.Vocabulary, recipe.Net);
        _model.Net.Backward = recipe.Backward;
        var checkpoints = new CheckpointFolder(Directory.CreateDirectory(folder).FullName);
        _trainer = new CharacterTrainer(
            _model, text.Training, text.Validation, recipe.Training with { Seed = Seeds.Derive(seed, "training") }, checkpoints, progress.CharacterObserverOf(seed, recipe.Training.Steps));
        _trainer.Resume(progress.Refused);
    }

    public long Seed { get; }

    public SequenceModel Net => _model.Net;

    public SeedOutcome? Run(CancellationToken cancellation)
    {
        var reason = _trainer.Run(cancellation);
        if (reason == StopReason.Cancelled)
        {
            return null;
        }

        var progress = _trainer.Progress;
        var metrics = ModelMeasurement.OfText(_model, _text.Validation, _recipe.Training);
        return new SeedOutcome(progress.Step, reason.Name(), progress.Seconds, metrics, [.. progress.History.Select(Line)]);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }

    private TrainingLogEntry Line(CharacterRecord record) => new(
        Seed, record.ValidationBits is null ? "steps" : "evaluation", record.Step, Finite(record.TrainingBits), Finite(record.GradientNorm), record.LearningRate,
        Finite(record.ValidationBits), Math.Round(record.Seconds, 2), null, null);

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
