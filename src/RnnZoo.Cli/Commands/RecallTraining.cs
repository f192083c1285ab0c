using System.Diagnostics;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// Trains a model to recall, by backpropagation through chunks of k steps. All k start from the same weights, read the same
/// sequences one after the other, and may make the same number of updates; the full one takes a whole sequence for each.
/// </summary>
internal static class RecallTraining
{
    private const int Hidden = 64;
    private const int Batch = 32;
    private const int PeriodsOfASequence = 7;
    private const double LearningRate = 1e-2;
    private const double Clip = 1;
    private const int EvaluationStreams = 256;
    private const int LookEvery = 100;
    private const double Solved = 0.995;

    /// <summary>The steps of a sequence.</summary>
    public static int Length(int delay) => PeriodsOfASequence * RecallStream.PeriodOf(delay);

    /// <summary>Trains in this process, on one thread.</summary>
    public static RecallScore Run(RowJob job)
    {
        set_num_threads(1);
        var settings = job.Settings;
        var watch = Stopwatch.StartNew();
        using var model = TbpttModel.Create(settings.Cell, Hidden, settings.Delay, settings.Seed, ScalarType.Float32);
        using var optimizer = new OptimizerSet(model, OptimizerKind.Adam);
        var (updates, steps, ends) = (0, 0L, false);
        for (var sequence = 0; !ends; sequence++)
        {
            using var loader = Loader(job, Batch, "train", sequence);
            foreach (var chunk in loader)
            {
                steps += Update(model, optimizer, chunk, settings.Delay);
                updates++;
                ends = updates == settings.Updates || (updates % LookEvery == 0 && Evaluate(job, model, "look", updates).Recall >= Solved);
                if (ends)
                {
                    break;
                }
            }
        }

        var (recall, loss) = Evaluate(job, model, "test", 0);
        return new RecallScore(recall, loss, updates, steps, watch.Elapsed.TotalSeconds);
    }

    private static long Update(SequenceModel model, OptimizerSet optimizer, Chunk chunk, int delay)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        var loss = TbpttModel.LossSum(chunk.Run(model), chunk.Target);
        var asked = Batch * chunk.Input.shape[0] / chunk.LearningRateFactor / RecallStream.PeriodOf(delay); // about as many questions, in a chunk of the usual length
        optimizer.Step(loss.div(Scalars.Of(asked)), LearningRate, Clip);
        return chunk.Input.shape[0];
    }

    private static (double Recall, double Loss) Evaluate(RowJob job, SequenceModel model, string purpose, int number)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var stream = Stream(job, EvaluationStreams, purpose, number);
        var slice = stream.Read(0, stream.Steps);
        var output = model.call(slice.Input).Output; // [T, B, 8]
        var asked = slice.Target.ge(Scalars.Zero); // [T, B]
        var questions = asked.sum().item<long>();
        var right = output.argmax(-1).eq(slice.Target).sum().item<long>();
        return ((double)right / questions, TbpttModel.LossSum(output, slice.Target).Number() / questions);
    }

    private static TruncatedBpttLoader Loader(RowJob job, int streams, string purpose, int number)
    {
        var stream = Stream(job, streams, purpose, number);
        return new TruncatedBpttLoader(stream, job.Way.Options(stream.Steps, Seeds.Derive(job.Settings.Seed, "training cuts", number)));
    }

    private static RecallStream Stream(RowJob job, int streams, string purpose, int number) =>
        new(streams, Length(job.Settings.Delay), job.Settings.Delay, Seeds.Derive(job.Settings.Seed, purpose, number));
}

/// <summary>What training on the recall task came to.</summary>
/// <param name="Recall">The share of right answers on fresh sequences, from 0 to 1.</param>
/// <param name="Loss">Nats per question on the same.</param>
/// <param name="Updates">How many updates were made.</param>
/// <param name="Steps">How many time steps of a stream were read for them.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record RecallScore(double Recall, double Loss, int Updates, long Steps, double Seconds);

/// <summary>
/// Sequences that ask for something seen exactly D steps before: a cue, one of 8; D - 1 steps of noise; a question, whose
/// answer is the cue; noise until the next cue. Where a cue comes within its period is random, so that chunks cut at any
/// place of the delay. Every step follows from the seed and its position alone: nothing but the steps asked for is ever in
/// memory.
/// </summary>
/// <param name="streams">B.</param>
/// <param name="steps">T.</param>
/// <param name="delay">D.</param>
/// <param name="seed">Where all randomness comes from.</param>
internal sealed class RecallStream(int streams, long steps, int delay, long seed) : StreamSource
{
    /// <summary>How many different cues there are, and answers.</summary>
    public const int Cues = 8;

    /// <summary>How many different input tokens there are: cues, noise, the question.</summary>
    public const int Tokens = Cues + Noise + 1;

    private const int Noise = 4;
    private const int Question = Tokens - 1;
    private const long Unasked = -100; // what cross_entropy leaves out

    private readonly int _slack = PeriodOf(delay) - delay;
    private readonly long[] _shifts = [.. Enumerable.Range(0, streams).Select(stream => Seeds.Derive(seed, "shift", stream) % PeriodOf(delay))];

    public override long Streams => streams;

    public override long Steps => steps;

    /// <summary>How many steps there are for each question.</summary>
    /// <param name="delay">D.</param>
    public static int PeriodOf(int delay) => delay + Math.Max(2, delay / 2);

    /// <summary>Token ids [count, B] and answers [count, B], -100 where none is asked for.</summary>
    public override StreamSlice Read(long start, long count)
    {
        var tokens = new long[count * streams];
        var answers = new long[count * streams];
        for (var stream = 0; stream < streams; stream++)
        {
            Fill(stream, start, count, tokens, answers);
        }

        return new StreamSlice(tensor(tokens, [count, streams]), tensor(answers, [count, streams])); // [k, B]
    }

    private void Fill(int stream, long start, long count, long[] tokens, long[] answers)
    {
        var length = PeriodOf(delay);
        var (period, cue, place) = (-1L, 0L, 0L);
        for (var index = 0L; index < count; index++)
        {
            var position = start + index + _shifts[stream];
            if (position / length != period)
            {
                period = position / length;
                var drawn = Seeds.Derive(seed, "cue", stream, period);
                (cue, place) = (drawn % Cues, drawn / Cues % _slack);
            }

            var since = (position % length) - place; // steps since the cue
            var target = (index * streams) + stream;
            tokens[target] = since == 0 ? cue : since == delay ? Question : Cues + (Seeds.Derive(seed, "noise", stream, position) % Noise);

            // The first period may have begun before the stream did, and its cue with it.
            answers[target] = since == delay && start + index >= delay ? cue : Unasked;
        }
    }
}
