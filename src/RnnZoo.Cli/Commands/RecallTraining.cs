using System.Diagnostics;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Streams;
using TorchSharp;
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
        using var optimizer = optim.Adam(model.parameters(), LearningRate);
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

    private static long Update(SequenceModel model, optim.Optimizer optimizer, Chunk chunk, int delay)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var loss = TbpttModel.LossSum(chunk.Run(model), chunk.Target);
        var asked = (double)Batch * chunk.Input.shape[0] / RecallStream.PeriodOf(delay); // about as many questions
        Gradient.Backward(loss.div(asked));
        nn.utils.clip_grad_norm_(model.parameters(), Clip);
        optimizer.step();
        return chunk.Input.shape[0];
    }

    private static (double Recall, double Loss) Evaluate(RowJob job, SequenceModel model, string purpose, int number)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var stream = Stream(job, EvaluationStreams, purpose, number);
        var slice = stream.Read(0, stream.Steps);
        var output = model.call(slice.Input).Output; // [T, B, 8]
        var asked = slice.Target.ge(0); // [T, B]
        var questions = asked.sum().ToInt64();
        var right = output.argmax(-1).eq(slice.Target).sum().ToInt64();
        return ((double)right / questions, TbpttModel.LossSum(output, slice.Target).ToDouble() / questions);
    }

    private static TruncatedBpttLoader Loader(RowJob job, int streams, string purpose, int number)
    {
        var stream = Stream(job, streams, purpose, number);
        var length = job.Chunk == TbpttSettings.Full ? stream.Steps : Math.Min(job.Chunk, stream.Steps);
        return new TruncatedBpttLoader(stream, new TruncatedBpttOptions { ChunkLength = (int)length });
    }

    private static RecallStream Stream(RowJob job, int streams, string purpose, int number) =>
        new(streams, Length(job.Settings.Delay), job.Settings.Delay, Seeds.Derive(job.Settings.Seed, purpose, number));
}
