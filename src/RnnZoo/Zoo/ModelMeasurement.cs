using RnnZoo.Cells;
using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>Measures models: once when they are trained, and again whenever someone wants to know whether it is true.</summary>
internal static class ModelMeasurement
{
    internal const string LastStep = "weights of the last step";

    private const int Batch = 64;
    private const string Share = "share from 0 to 1";

    /// <summary>Measures a net on fresh sequences, or on the whole test set of a task that has one: the task's metric, and the loss where that is something else.</summary>
    /// <returns>The values, of at least so many sequences. The standard error of the metric is that of a mean over sequences, that of the loss of a mean over batches.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sequences"/> is below 2 batches.</exception>
    /// <exception cref="ArgumentException">A batch of the task's sequences does not fit into the machine's memory.</exception>
    public static IReadOnlyList<MetricValue> OfTask(SequenceModel net, ISequenceTask task, long sequences, long seed) => OfTask(net, net, task, sequences, seed);

    private static IReadOnlyList<MetricValue> OfTask(SequenceModel net, nn.Module<Tensor, RecurrentState?, RecurrentResult> through, ISequenceTask task, long sequences, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 2 * Batch);
        CheckMemory(net, task);
        using var generator = new Generator((ulong)seed);
        var scores = Trainer.FinalScores(through, task, (sequences + Batch - 1) / Batch * Batch, Batch, generator);
        var score = scores.Aggregate((left, right) => left + right);
        var (drawn, how) = task.TestSequences > 0 ? ((long?)null, "the whole test set") : (seed, $"{score.Sequences} fresh sequences of the task");
        how += ", weights in evaluation mode";
        var metric = new MetricValue(task.Metric.Name, UnitOf(task.Metric), Finite(score.Metric), Finite(score.StandardError) ?? 0, score.Sequences, drawn, how);
        return task.Metric.Name == "mse" ? [metric] : [metric, new MetricValue("loss", task.LossUnit, Finite(score.Loss), ErrorOfMean([.. scores.Select(batch => batch.Loss)]), score.Sequences, drawn, how)];
    }

    /// <summary>What a measurement of a character model on the whole of a text is.</summary>
    /// <param name="bits">Bits per character; nothing is drawn, so there is no standard error.</param>
    /// <param name="text">What was read.</param>
    /// <param name="streams">The text in the streams that it was read in: as many as in the training's own measurements.</param>
    /// <param name="weights">Which weights they were, in words.</param>
    internal static IReadOnlyList<MetricValue> OfText(double bits, Tokens text, TokenStreams streams, string weights)
    {
        var characters = streams.Streams * streams.Steps; // all but the first, and fewer than the streams at the end
        return [new MetricValue("bitsPerCharacter", "bits per character", Finite(bits), 0, characters, null,
            $"{characters} of the {text.Count} characters of the whole held-out text, in {streams.Streams} streams side by side, each from the zero state, {weights}")];
    }

    /// <summary>Measures a model of the zoo again: on so many fresh sequences, or on its whole held-out text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sequences">How many sequences.</param>
    /// <param name="seed">Where they come from.</param>
    /// <param name="through">What runs in the net's place; null for the net itself.</param>
    /// <param name="task">The model's task with files from elsewhere; null for the task as it is.</param>
    /// <returns>The values, by the names of the stated ones.</returns>
    /// <exception cref="InvalidDataException">The held-out text is missing, or is not the manifest's.</exception>
    public static IReadOnlyList<MetricValue> Again(ZooModel model, long sequences, long seed, nn.Module<Tensor, RecurrentState?, RecurrentResult>? through = null, ISequenceTask? task = null)
    {
        through ??= model.Net;
        if (model.Characters is not { } characters)
        {
            return OfTask(model.Net, through, task ?? model.Task!, sequences, seed);
        }

        var file = model.Entry.File(ModelFolder.Validation);
        CheckedFile.Open(file, model.Manifest.Result!.ValidationSha256!).Dispose();
        var text = characters.Vocabulary.TokensOfFile(file);
        var streams = CharacterTrainer.ValidationStreams(text, ((CharacterRecipe)model.Recipe).Training);
        return OfText(characters.Measure(streams, through.call), text, streams, LastStep);
    }

    /// <summary>How far a second measurement of the same weights may be from the first: three standard errors of both together, or 1e-4 where those are zero.</summary>
    /// <remarks>The first one's standard error counts for no more than twice what the second one lets expect of so many sequences.</remarks>
    public static double Tolerance(MetricValue stated, MetricValue measured)
    {
        // If none of n sequences was wrong, up to 3 in n may be (95 %).
        var unseen = measured.Unit == Share ? Math.Sqrt(3.0 / measured.Count / stated.Count) : 0;
        var expected = Math.Max(measured.StandardError * Math.Sqrt((double)measured.Count / stated.Count), unseen);
        var believed = Math.Min(stated.StandardError, 2 * expected);
        var error = Math.Sqrt((believed * believed) + (measured.StandardError * measured.StandardError));
        return error > 0 ? 3 * error : 1e-4;
    }

    // What of a batch is in memory at once, at the least: input, h of every step, and the answers with their probabilities.
    private static void CheckMemory(SequenceModel net, ISequenceTask task)
    {
        var bytes = (double)Batch * task.Length * (task.InputSize + net.Recurrent.HiddenSize + (2 * task.OutputSize)) * sizeof(float);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > available)
        {
            throw new ArgumentException(FormattableString.Invariant($"task: expected sequences that this machine's memory of {available / 1e9:0.#} GB can hold, got {Batch} at a time of {task.Length} steps, which take more than {bytes / 1e9:0.#} GB."), nameof(task));
        }
    }

    private static double ErrorOfMean(double[] values)
    {
        var mean = values.Average();
        var variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
        return Finite(Math.Sqrt(variance / values.Length)) ?? 0;
    }

    /// <summary>What a value is judged by: of shares more is better, of errors and bits per character less.</summary>
    internal static TaskMetric MetricOf(MetricValue value) => value.Unit == Share ? TaskMetric.Share(value.Name, 0) : TaskMetric.SquaredError(0) with { Name = value.Name };

    private static string UnitOf(TaskMetric metric) => metric.MoreIsBetter ? Share : "mean squared error";

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
