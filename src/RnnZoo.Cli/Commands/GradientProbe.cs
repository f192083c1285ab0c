using System.Diagnostics;
using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Streams;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>Finds the gradient of a whole stream at fixed float64 weights, and what that takes.</summary>
internal sealed class GradientProbe(RowJob job) : IDisposable
{
    private const int WarmUpSteps = 100;
    private const int MostPasses = 9;
    private const double TimedSeconds = 1.5;
    private const double LongSeconds = 6;

    private readonly SequenceModel _model = TbpttModel.Create(job.Settings.Cell, job.Settings.Hidden, job.Settings.Delay, job.Settings.Seed, ScalarType.Float64);
    private long _fewestTensors = long.MaxValue;
    private long _mostTensors;

    /// <summary>Measures in this process, which must be a fresh one.</summary>
    public static GradientCost Measure(RowJob job)
    {
        using var probe = new GradientProbe(job);
        return probe.Measure();
    }

    public void Dispose() => _model.Dispose();

    private GradientCost Measure()
    {
        // One step at a time: what chunks of k take must not be there already.
        WalkChunks(Stream(Math.Min(WarmUpSteps, job.Settings.Length)), new TruncatedBpttOptions { ChunkLength = 1 });
        (_fewestTensors, _mostTensors) = (long.MaxValue, 0);
        _model.zero_grad();
        GC.Collect();
        var (before, peakBefore) = (ResidentMemory.Now, ResidentMemory.Peak);
        ResidentMemory.ForgetPeak();
        var watch = Stopwatch.StartNew();
        var segment = Pass(draw: 0);
        var first = watch.Elapsed.TotalSeconds;
        var peak = ResidentMemory.Peak;
        var (gradient, start, count) = Gradients();

        var draws = Draws(gradient);
        var seconds = TimeMore(first);
        var median = seconds.Length == 0 ? first : seconds[seconds.Length / 2];
        return new GradientCost(
            Math.Max(peak, peakBefore), Math.Max(0, peak - before), 1e3 * median / job.Settings.Length, Math.Max(1, seconds.Length), segment,
            _fewestTensors, _mostTensors, Bytes(gradient), start, count, Bytes(draws.Mean), draws.Variance, draws.Count);

        static byte[] Bytes(double[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
    }

    // The mean of the gradients by all draws of the cuts, and the sum of their elements' variances.
    private (double[] Mean, double Variance, int Count) Draws(double[] first)
    {
        var (mean, squares, count) = ((double[])first.Clone(), 0.0, 1);
        while (job.Kind == RowKind.Chunks && job.Way.IsDrawn && count < job.Settings.Draws)
        {
            _model.zero_grad();
            Pass(count++);
            var gradient = Gradients().Gradient;
            for (var index = 0; index < mean.Length; index++)
            {
                var off = gradient[index] - mean[index];
                mean[index] += off / count;
                squares += off * (gradient[index] - mean[index]); // B. Welford, 1962
            }
        }

        return (mean, count == 1 ? 0 : squares / (count - 1), count);
    }

    // The first pass is compiled while it runs, which does not matter to a long one; the others are timed.
    private double[] TimeMore(double first)
    {
        var seconds = new List<double>();
        while (first < LongSeconds && seconds.Count < MostPasses && seconds.Sum() < TimedSeconds)
        {
            _model.zero_grad();
            var watch = Stopwatch.StartNew();
            Pass(draw: 0);
            seconds.Add(watch.Elapsed.TotalSeconds);
        }

        return [.. seconds.Order()];
    }

    private long Pass(int draw)
    {
        var stream = Stream(job.Settings.Length);
        if (job.Kind == RowKind.Exact)
        {
            using var scope = NewDisposeScope();
            return ExactBptt.Backward(_model, stream, TbpttModel.LossSum).SegmentLength;
        }

        var options = job.Way.Options(stream.Steps, Seeds.Derive(job.Settings.Seed, "cuts", draw));
        WalkChunks(stream, options);
        return options.ChunkLength;
    }

    private void WalkChunks(StreamSource stream, TruncatedBpttOptions options)
    {
        using var loader = new TruncatedBpttLoader(stream, options);
        foreach (var chunk in loader)
        {
            using (NewDisposeScope())
            {
                Gradient.Backward(TbpttModel.LossSum(chunk.Run(_model), chunk.Target));
            }

            // Gradients appear with the first chunk; the last one keeps no state.
            if (chunk.Start > 0 && !chunk.IsLast)
            {
                var tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                (_fewestTensors, _mostTensors) = (Math.Min(_fewestTensors, tensors), Math.Max(_mostTensors, tensors));
            }
        }
    }

    private RecallStream Stream(int steps) => new(job.Settings.Batch, steps, job.Settings.Delay, job.Settings.Seed);

    private (double[] Gradient, int RecurrentStart, int RecurrentCount) Gradients()
    {
        var all = new List<double>();
        var (start, count) = (0, 0);
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in _model.named_parameters())
        {
            if (name.Contains("weight_hh", StringComparison.Ordinal) || name.Contains("skew_hh", StringComparison.Ordinal))
            {
                (start, count) = (all.Count, (int)parameter.numel());
            }

            all.AddRange(parameter.grad!.contiguous().data<double>());
        }

        return ([.. all], start, count);
    }
}

/// <summary>What a gradient took, and the gradient.</summary>
/// <param name="ProcessPeakBytes">The most that the process had in physical memory.</param>
/// <param name="ExtraBytes">The most in the first pass, less what was there after the warm-up.</param>
/// <param name="MillisecondsPerStep">The median pass, per time step of the whole batch.</param>
/// <param name="Passes">How many passes the median is of.</param>
/// <param name="SegmentLength">The steps that were on the tape at once.</param>
/// <param name="FewestTensors">The fewest live tensors after a chunk, the first and the last two aside.</param>
/// <param name="MostTensors">The most.</param>
/// <param name="Gradient">∂L/∂θ of all parameters, one after the other, as float64 in the machine's byte order.</param>
/// <param name="RecurrentStart">Where the recurrent matrix's begins, in elements.</param>
/// <param name="RecurrentCount">How many elements it has.</param>
/// <param name="MeanGradient">The mean over all draws of the cuts; the gradient where nothing is drawn.</param>
/// <param name="Variance">The sum of the elements' variances over the draws.</param>
/// <param name="Draws">How often cuts were drawn; 1 where nothing is drawn.</param>
internal sealed record GradientCost(
    long ProcessPeakBytes,
    long ExtraBytes,
    double MillisecondsPerStep,
    int Passes,
    long SegmentLength,
    long FewestTensors,
    long MostTensors,
    byte[] Gradient,
    int RecurrentStart,
    int RecurrentCount,
    byte[] MeanGradient,
    double Variance,
    int Draws);

/// <summary>How far a gradient is from the exact one g; norms are L2 over all parameters.</summary>
/// <param name="Cosine">Between the two, over all parameters.</param>
/// <param name="RecurrentCosine">The same over the recurrent matrix alone.</param>
/// <param name="NormRatio">‖gradient‖ / ‖g‖.</param>
/// <param name="Bias">‖mean over the draws of the cuts - g‖ / ‖g‖.</param>
/// <param name="Spread">√(sum of the variances over the draws) / ‖g‖; 0 where nothing is drawn.</param>
internal sealed record GradientError(double Cosine, double RecurrentCosine, double NormRatio, double Bias, double Spread)
{
    public static GradientError Of(GradientCost cost, GradientCost exact)
    {
        var (gradient, mean, reference) = (Elements(cost.Gradient), Elements(cost.MeanGradient), Elements(exact.Gradient));
        var off = mean.Zip(reference, (one, other) => one - other).ToArray();
        return new GradientError(Commands.Cosine.OfAll(cost, exact), Commands.Cosine.OfRecurrent(cost, exact), Norm(gradient) / Norm(reference), Norm(off) / Norm(reference), Math.Sqrt(cost.Variance) / Norm(reference));
    }

    private static double[] Elements(byte[] bytes) => MemoryMarshal.Cast<byte, double>(bytes).ToArray();

    private static double Norm(double[] numbers) => Math.Sqrt(numbers.Sum(number => number * number));
}

/// <summary>How far two gradients point in the same direction.</summary>
internal static class Cosine
{
    /// <summary>⟨a, b⟩ / (‖a‖ ‖b‖); not a number where one is zero.</summary>
    /// <param name="a">Float64 elements.</param>
    /// <param name="b">As many.</param>
    public static double Of(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (product, squareA, squareB) = (0.0, 0.0, 0.0);
        for (var index = 0; index < a.Length; index++)
        {
            product += a[index] * b[index];
            squareA += a[index] * a[index];
            squareB += b[index] * b[index];
        }

        return product / Math.Sqrt(squareA * squareB);
    }

    /// <summary>Over all parameters.</summary>
    public static double OfAll(GradientCost one, GradientCost other) => Of(Elements(one), Elements(other));

    /// <summary>Over the recurrent matrix.</summary>
    public static double OfRecurrent(GradientCost one, GradientCost other) => Of(
        Elements(one).Slice(one.RecurrentStart, one.RecurrentCount), Elements(other).Slice(other.RecurrentStart, other.RecurrentCount));

    private static ReadOnlySpan<double> Elements(GradientCost cost) => MemoryMarshal.Cast<byte, double>(cost.Gradient);
}
