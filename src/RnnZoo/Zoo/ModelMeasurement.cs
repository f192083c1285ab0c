using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tasks;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>Measures models: once when they are trained, and again whenever someone wants to know whether it is true.</summary>
internal static class ModelMeasurement
{
    internal const string LastStep = "weights of the last step";

    private const int Batch = 64;
    private const string Share = "share from 0 to 1";

    /// <summary>Measures a net on fresh sequences: the task's metric, and the loss where that is something else.</summary>
    /// <param name="net">The net.</param>
    /// <param name="task">The task.</param>
    /// <param name="sequences">How many sequences at least; they are drawn in batches of 64.</param>
    /// <param name="seed">Where the sequences come from.</param>
    /// <returns>The values. The standard error of the metric is that of a mean over sequences, that of the loss of a mean over batches.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sequences"/> is below 2 batches.</exception>
    /// <exception cref="ArgumentException">A batch of the task's sequences does not fit into the machine's memory.</exception>
    public static IReadOnlyList<MetricValue> OfTask(SequenceModel net, ISequenceTask task, long sequences, long seed)
    {
        ArgumentNullException.ThrowIfNull(net);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 2 * Batch);
        CheckMemory(net, task);
        var (score, losses) = Run(net, task, (sequences + Batch - 1) / Batch, seed);
        var how = $"{score.Sequences} fresh sequences of the task, weights in evaluation mode";
        var metric = new MetricValue(task.Metric.Name, UnitOf(task.Metric), Finite(score.Metric), Finite(score.StandardError) ?? 0, score.Sequences, seed, how);
        return task.Metric.Name == "mse" ? [metric] : [metric, new MetricValue("loss", task.LossUnit, Finite(score.Loss), ErrorOfMean(losses), score.Sequences, seed, how)];
    }

    /// <summary>What a measurement of a character model on the whole of a text is.</summary>
    /// <param name="bits">Bits per character; nothing is drawn, so there is no standard error.</param>
    /// <param name="text">The text.</param>
    /// <param name="streams">The text in the streams that it was read in: as many as in the training's own measurements.</param>
    /// <param name="weights">Which weights they were, in words.</param>
    internal static IReadOnlyList<MetricValue> OfText(double bits, Tokens text, TokenStreams streams, string weights)
    {
        var characters = streams.Streams * streams.Steps; // all but the first, and fewer than the streams at the end
        return [new MetricValue("bitsPerCharacter", "bits per character", Finite(bits), 0, characters, null,
            $"{characters} of the {text.Count} characters of the whole held-out text, in {streams.Streams} streams side by side, each from the zero state, {weights}")];
    }

    /// <summary>Measures a model of the zoo again: on fresh sequences, or on its whole held-out text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sequences">How many sequences at least.</param>
    /// <param name="seed">Where the sequences come from.</param>
    /// <returns>The values, by the names of the stated ones.</returns>
    /// <exception cref="InvalidDataException">The held-out text is missing, or is not the manifest's.</exception>
    public static IReadOnlyList<MetricValue> Again(ZooModel model, long sequences, long seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Characters is not { } characters)
        {
            return OfTask(model.Net, model.Task!, sequences, seed);
        }

        var file = model.Entry.File(ModelFolder.Validation);
        CheckedFile.Open(file, model.Manifest.Result!.ValidationSha256!).Dispose();
        var text = characters.Vocabulary.TokensOfFile(file);
        var streams = CharacterTrainer.ValidationStreams(text, ((CharacterRecipe)model.Recipe).Training);
        return OfText(characters.Measure(streams), text, streams, LastStep);
    }

    /// <summary>How far a second measurement of the same weights may be from the first: three standard errors of both together, or 1e-4 where those are zero.</summary>
    /// <param name="stated">The first. Its standard error counts for no more than twice what the second one lets expect of so many sequences.</param>
    /// <param name="measured">The second.</param>
    public static double Tolerance(MetricValue stated, MetricValue measured)
    {
        ArgumentNullException.ThrowIfNull(stated);
        ArgumentNullException.ThrowIfNull(measured);
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

    private static (TaskScore Score, double[] Losses) Run(SequenceModel net, ISequenceTask task, long batches, long seed)
    {
        using var generator = new Generator((ulong)seed);
        using var noTape = no_grad();
        var training = net.training;
        net.eval();
        try
        {
            var score = default(TaskScore);
            var losses = new double[batches];
            for (var index = 0L; index < batches; index++)
            {
                using var scope = NewDisposeScope();
                var batch = task.Sample(Batch, generator);
                var one = task.Score(net.call(batch.Input).Output, batch.Target);
                losses[index] = one.Loss;
                score += one;
            }

            return (score, losses);
        }
        finally
        {
            net.train(training);
        }
    }

    private static double ErrorOfMean(double[] values)
    {
        var mean = values.Average();
        var variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
        return Finite(Math.Sqrt(variance / values.Length)) ?? 0;
    }

    private static string UnitOf(TaskMetric metric) => metric.MoreIsBetter ? Share : "mean squared error";

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
