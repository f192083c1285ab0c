using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Characters;

/// <summary>
/// Trains a character model by truncated backpropagation through time: clipping, a learning-rate schedule, measurements on
/// held-out text, an early end, checkpoints. A training that was stopped at any moment and resumed from its checkpoint ends
/// with the same weights, bit for bit, as one that was not, on the same machine with as many threads.
/// </summary>
internal sealed class CharacterTrainer : IDisposable
{
    private readonly CharacterModel _model;
    private readonly CharacterTrainingOptions _options;
    private readonly long _seed;
    private readonly TokenStreams _validation;
    private readonly CheckpointFolder? _checkpoints;
    private readonly ITrainingObserver? _observer;
    private readonly OptimizerSet _optimizer;
    private readonly TruncatedBpttLoader _loader;
    private readonly List<CharacterRecord> _history = [];
    private CharacterProgress _progress = new();
    private EvaluationRecord? _measured;
    private int _checkpointStep = -1;

    /// <summary>Prepares a training from the start; model and texts stay the caller's. All randomness comes from the seed.</summary>
    /// <exception cref="ArgumentException">An option is out of its range or does not fit the texts; the message names it.</exception>
    public CharacterTrainer(CharacterModel model, Tokens training, Tokens validation, CharacterTrainingOptions options, long seed, CheckpointFolder? checkpoints = null, ITrainingObserver? observer = null)
    {
        options.Validate();
        (_model, _options, _seed, _checkpoints, _observer) = (model, options, seed, checkpoints, observer);
        _validation = ValidationStreams(validation, options);
        _loader = new TruncatedBpttLoader(new TokenStreams(training, options.Streams), new TruncatedBpttOptions
        {
            ChunkLength = options.ChunkLength,
            RandomLength = options.RandomLength ? new RandomChunkLength { Minimum = Math.Min(5, options.ChunkLength), Seed = Seeds.Derive(seed, "chunk lengths") } : null,
        });
        _optimizer = new OptimizerSet(model.Net, options.Optimizer);
    }

    /// <summary>Is called when the weights have just been measured to be the best so far.</summary>
    public Action? OnBest { get; init; }

    /// <summary>Is called when a checkpoint was written.</summary>
    public Action? OnCheckpoint { get; init; }

    /// <summary>How far the training has come.</summary>
    public CharacterProgress Progress => _progress with { History = [.. _history] };

    /// <summary>Goes to the newest checkpoint that is whole, of the same training: weights, optimizer and place in the text.</summary>
    /// <returns>Its step; null if there is no checkpoint. What is wrong with newer ones that are damaged is told to <paramref name="refused"/>.</returns>
    /// <exception cref="InvalidDataException">There are some and none is whole, or it is of another training.</exception>
    public int? Resume(Action<string>? refused = null)
    {
        using var scope = NewDisposeScope();
        if (_checkpoints?.LoadNewest(refused) is not { } checkpoint)
        {
            return null;
        }

        var restored = CharacterCheckpoint.Restore(checkpoint, _model.Net, _optimizer, _loader);
        _progress = restored with { History = [] }; // told apart from the list that grows
        _checkpointStep = restored.Step;
        _history.Clear();
        _history.AddRange(restored.History);
        return restored.Step;
    }

    /// <summary>Trains to the step limit, the early end, a loss or gradient that is not finite, or cancellation.</summary>
    /// <returns>Why it ended; cancellation is a result, not an exception. Except after divergence a checkpoint is written at the end.</returns>
    /// <exception cref="IOException">A checkpoint cannot be written.</exception>
    public StopReason Run(CancellationToken cancellation = default)
    {
        _observer?.OnBegin(_model.Net, TrainingHistory.TextMetric);
        _model.Net.train();
        var ended = Ended();
        while (ended is null)
        {
            foreach (var chunk in _loader)
            {
                ended = cancellation.IsCancellationRequested ? StopReason.Cancelled : Step(chunk);
                if (ended is not null)
                {
                    break;
                }
            }
        }

        if (ended == StopReason.Cancelled && _progress.Step > 0)
        {
            WriteCheckpoint();
        }

        _observer?.OnEnd(new TrainingResult(_progress.Step, ended.Value, _measured, _progress.Seconds));
        return ended.Value;
    }

    public void Dispose()
    {
        _loader.Dispose();
        _optimizer.Dispose();
    }

    // A short text takes fewer streams, so that each runs for some chunks from its cold start.
    internal static TokenStreams ValidationStreams(Tokens text, CharacterTrainingOptions options) =>
        new(text, (int)Math.Clamp((text.Count - 1) / (8L * options.ChunkLength), 1, options.Streams));

    private StopReason? Ended() => _progress.SinceBest >= (_options.Patience ?? int.MaxValue) ? StopReason.NotImproving
        : _progress.Step >= _options.Steps ? StopReason.StepLimit
        : null;

    /// <returns>Why training ends with this step; null if it goes on.</returns>
    private StopReason? Step(Chunk chunk)
    {
        var watch = Stopwatch.StartNew();
        var step = _progress.Step + 1;
        var rate = _options.Schedule.At(_options.LearningRate, step, _options.Steps) * chunk.LearningRateFactor;
        var (loss, norm) = Update(chunk, step, rate);
        var seconds = watch.Elapsed.TotalSeconds;
        if (double.IsFinite(norm))
        {
            Count(step, loss, chunk.Target.numel(), seconds);
        }

        _observer?.OnStep(new StepRecord(step, loss, norm, rate, _progress.Seconds));
        if (!double.IsFinite(norm))
        {
            return StopReason.Diverged;
        }

        if (step % _options.ReportEvery == 0)
        {
            Report(norm, rate);
        }

        if (step % _options.ValidateEvery == 0 || step == _options.Steps)
        {
            Measure(rate);
        }

        var ended = Ended();
        var keepsBest = OnBest is not null && _progress.BestStep == step; // the checkpoint says of which step the kept weights are
        if (step % _options.CheckpointEvery == 0 || keepsBest || ended is not null)
        {
            WriteCheckpoint();
        }

        return ended;
    }

    private (double Loss, double Norm) Update(Chunk chunk, int step, double rate)
    {
        using var scope = NewDisposeScope();
        if (_model.Shape.Dropout > 0)
        {
            manual_seed(Seeds.Derive(_seed, "dropout", step)); // so chance has no state to be saved
        }

        _model.Net.zero_grad();
        return _optimizer.Step(_model.Loss(chunk), rate, _options.ClipNorm);
    }

    private void Count(int step, double loss, long characters, double seconds) => _progress = _progress with
    {
        Step = step,
        UnreportedLoss = _progress.UnreportedLoss + (loss * characters),
        UnreportedCharacters = _progress.UnreportedCharacters + characters,
        Characters = _progress.Characters + characters,
        TrainingSeconds = _progress.TrainingSeconds + seconds,
        Seconds = _progress.Seconds + seconds,
    };

    private void Report(double norm, double rate)
    {
        var bits = _progress.UnreportedLoss / _progress.UnreportedCharacters * CharacterModel.BitsPerNat;
        _history.Add(new CharacterRecord(_progress.Step, bits, null, norm, rate, _progress.Seconds));
        _progress = _progress with { UnreportedLoss = 0, UnreportedCharacters = 0 };
    }

    private void Measure(double rate)
    {
        var watch = Stopwatch.StartNew();
        var bits = _model.Measure(_validation);
        var isBest = !(_progress.BestBits <= bits) && double.IsFinite(bits);
        _progress = _progress with
        {
            Seconds = _progress.Seconds + watch.Elapsed.TotalSeconds,
            BestBits = isBest ? bits : _progress.BestBits,
            BestStep = isBest ? _progress.Step : _progress.BestStep,
            SinceBest = isBest ? 0 : _progress.SinceBest + 1,
        };
        _history.Add(new CharacterRecord(_progress.Step, null, bits, null, rate, _progress.Seconds));
        _measured = new EvaluationRecord(_progress.Step, bits / CharacterModel.BitsPerNat, bits, 0, _validation.Streams, _progress.Seconds);
        _observer?.OnEvaluation(_measured);
        if (isBest)
        {
            OnBest?.Invoke();
        }
    }

    private void WriteCheckpoint()
    {
        if (_checkpoints is null || _checkpointStep == _progress.Step)
        {
            return;
        }

        var watch = Stopwatch.StartNew();
        using var scope = NewDisposeScope();
        _checkpoints.Save(CharacterCheckpoint.Of(Progress, _model.Net, _optimizer, _loader));
        _checkpointStep = _progress.Step;
        _progress = _progress with { Seconds = _progress.Seconds + watch.Elapsed.TotalSeconds };
        OnCheckpoint?.Invoke();
    }
}

/// <summary>How far the training of a character model has come. A checkpoint holds it as JSON.</summary>
/// <param name="Step">How many steps were taken.</param>
/// <param name="BestBits">The best measurement on the held-out text, in bits per character; null before the first.</param>
/// <param name="BestStep">The step of the best measurement.</param>
/// <param name="SinceBest">How many measurements there were since the best one.</param>
/// <param name="UnreportedLoss">The sum, since the last report, of the loss in nats over characters.</param>
/// <param name="UnreportedCharacters">How many characters <paramref name="UnreportedLoss"/> is of.</param>
/// <param name="Characters">How many characters were trained on, those of later epochs again.</param>
/// <param name="TrainingSeconds">How long the training steps took.</param>
/// <param name="Seconds">How long everything took: steps, measurements, checkpoints.</param>
internal sealed record CharacterProgress(
    int Step = 0, double? BestBits = null, int BestStep = 0, int SinceBest = 0, double UnreportedLoss = 0, long UnreportedCharacters = 0,
    long Characters = 0, double TrainingSeconds = 0, double Seconds = 0)
{
    /// <summary>The reports and measurements so far.</summary>
    public IReadOnlyList<CharacterRecord> History { get; init; } = [];

    /// <summary>Checks what a file says: it is of a step, and what logs are made of is there and finite.</summary>
    /// <exception cref="ArgumentException">It is not; the message names the field.</exception>
    public void Validate(long step)
    {
        Check.That(Step == step, "progress.step", $"{step}, as the file is called", Step);
        Check.That(IsMeasure(Seconds), "progress.seconds", "a finite number of at least 0", Seconds);
        Check.That(IsMeasure(TrainingSeconds), "progress.trainingSeconds", "a finite number of at least 0", TrainingSeconds);
        Check.That(Characters >= 0, "progress.characters", "at least 0", Characters);
        Check.That(UnreportedCharacters >= 0, "progress.unreportedCharacters", "at least 0", UnreportedCharacters);
        Check.That(SinceBest >= 0, "progress.sinceBest", "at least 0", SinceBest);
        Check.That(BestStep >= 0 && BestStep <= Step, "progress.bestStep", $"0 to {Step}", BestStep);
        Check.That(IsMeasure(BestBits ?? 0), "progress.bestBits", "a finite number of at least 0", BestBits);
        Check.That(
            History?.All(record => record is { Step: >= 1 } && record.Step <= Step && IsMeasure(record.LearningRate) && IsMeasure(record.Seconds)) == true,
            "progress.history", $"records of steps 1 to {Step} with learning rates and times that are finite and at least 0", "others"); // a loss may be no number
    }

    private static bool IsMeasure(double value) => double.IsFinite(value) && value >= 0;
}

/// <summary>A line in the history of a training.</summary>
/// <param name="Step">How many steps had been taken.</param>
/// <param name="TrainingBits">The mean training loss since the report before, in bits per character; null for a measurement.</param>
/// <param name="ValidationBits">Bits per character of the held-out text; null for a report.</param>
/// <param name="GradientNorm">The L2 norm of the last step's gradient before clipping; null for a measurement.</param>
/// <param name="LearningRate">The last step's learning rate.</param>
/// <param name="Seconds">Since training began, time between a stop and a resumption left out.</param>
internal sealed record CharacterRecord(int Step, double? TrainingBits, double? ValidationBits, double? GradientNorm, double LearningRate, double Seconds);

/// <summary>
/// What a checkpoint of a <see cref="CharacterTrainer"/> holds: the tensors <c>model.*</c>, <c>optimizer.*</c> and
/// <c>state.*</c>, and as JSON how far the training has come and where the loader stands.
/// </summary>
internal static class CharacterCheckpoint
{
    private const string Model = "model.";
    private const string Optimizer = "optimizer.";
    private const string State = "state.";
    private const string Progress = "progress";
    private const string Position = "position";

    // A measurement may be no number.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>The tensors are those of the training, or belong to the innermost dispose scope.</summary>
    public static Checkpoint Of(CharacterProgress progress, nn.Module model, OptimizerSet optimizer, TruncatedBpttLoader loader)
    {
        var position = loader.Position();
        var tensors = new Dictionary<string, Tensor>(
        [
            .. Under(Model, model.state_dict()),
            .. Under(Optimizer, optimizer.Memory()),
            .. Under(State, position.State?.Select((part, place) => KeyValuePair.Create($"{place}", part)) ?? []),
        ]);
        return new Checkpoint(progress.Step, tensors, new Dictionary<string, string> { [Progress] = JsonSerializer.Serialize(progress, Json), [Position] = JsonSerializer.Serialize(position, Json) });
    }

    /// <summary>How many parameters the weights of a checkpoint have.</summary>
    public static long CountOf(Checkpoint checkpoint) => Below(Model, checkpoint).Values.Sum(tensor => tensor.NumberOfElements);

    /// <exception cref="InvalidDataException">The checkpoint is of another training; the message names its file.</exception>
    public static CharacterProgress Restore(Checkpoint checkpoint, SequenceModel model, OptimizerSet optimizer, TruncatedBpttLoader loader)
    {
        try
        {
            var progress = Note<CharacterProgress>(Progress, checkpoint);
            progress.Validate(checkpoint.Step);
            var position = Note<LoaderPosition>(Position, checkpoint);
            var device = model.parameters().First().device;
            var state = Below(State, checkpoint).OrderBy(part => part.Key, StringComparer.Ordinal).Select(part => part.Value.to(device)).ToArray();
            loader.Resume(position with { State = state.Length == 0 ? null : new RecurrentState(state) });
            CheckState(state, model.Recurrent.ZeroState(position.Streams));
            model.load_state_dict(Below(Model, checkpoint));
            optimizer.Restore(Below(Optimizer, checkpoint));
            return progress;
        }
        catch (Exception problem) when (problem is KeyNotFoundException or JsonException or ArgumentException or InvalidDataException or InvalidOperationException)
        {
            throw new InvalidDataException($"{checkpoint.Name}: expected a checkpoint of this training, got another: {problem.Message}", problem);
        }
    }

    private static T Note<T>(string name, Checkpoint checkpoint) where T : class =>
        JsonSerializer.Deserialize<T>(checkpoint.Notes[name], Json) ?? throw new JsonException($"{name}: expected an object, got null.");

    private static void CheckState(Tensor[] state, RecurrentState like)
    {
        if (state.Length > 0)
        {
            new RecurrentState(state).CheckParts([.. like.Select(part => part.shape)], "[L·D, B, H]", "0", like.Hidden);
        }
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Under(string prefix, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        tensors.Select(item => KeyValuePair.Create(prefix + item.Key, item.Value));

    private static Dictionary<string, Tensor> Below(string prefix, Checkpoint checkpoint) =>
        checkpoint.Tensors.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(item => item.Key[prefix.Length..], item => item.Value);
}
