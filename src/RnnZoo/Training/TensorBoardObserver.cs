using System.Numerics;
using Google.Protobuf;
using RnnZoo.Gradients;
using Tensorboard;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>
/// Writes a training as an event file for TensorBoard (<c>tensorboard --logdir FOLDER</c>): an observer for a
/// <see cref="Trainer"/> or a recipe, or in a loop of one's own
/// <code>
/// using var board = new TensorBoardObserver("runs/lstm");
/// board.OnBegin(model, "accuracy");
/// board.OnStep(new StepRecord(step, loss, norm, learningRate, seconds)); // after the backward pass of each step
/// </code>
/// </summary>
/// <remarks>
/// <para>Scalars: <c>loss/train</c>, <c>gradient/norm</c> (L2, before clipping) and <c>learning_rate</c> of every step;
/// <c>loss/evaluation</c> and the metric under its own name (<c>recall</c>, <c>bits_per_character</c>) of every evaluation.
/// Histograms over the time steps, at the first step and every <c>every</c> steps: <c>gradient/norm_h_l0</c>, the norms
/// ‖∂L/∂h_t‖ of <see cref="LayerGradientNorms.Hidden"/> in layer 0 (<c>_l0_reverse</c> for the direction that reads
/// backwards), and <c>gradient/log10_norm_h_l0</c>, their decimal logarithms, in which a gradient that vanishes is not one
/// bar at zero. Norms that are not finite are left out, of the logarithms zeros too. There are none for a model that takes
/// the native path, or has no recurrent module of this library in it or several: call <see cref="OnBegin"/> with the one to see.</para>
/// <para>No bit of the training depends on it. What stands in the folder from an earlier training stays on disk, and
/// TensorBoard shows of it what comes before the first step that is written now: a training that goes on from a checkpoint
/// continues its curves. Values are float32, as TensorBoard's are. Not thread-safe: one observer for each training.</para>
/// </remarks>
public sealed class TensorBoardObserver : ITrainingObserver, IDisposable
{
    private const int Buckets = 30; // as many as TensorBoard draws

    private readonly string _folder;
    private readonly int _every;
    private readonly SummaryWriter _writer;
    private readonly string _file;
    private bool _follows; // an earlier training, and nothing is written yet
    private string _metric = "metric";
    private GradientTrace? _trace;
    private long _seen;
    private int _stepsBefore;

    /// <summary>Begins an event file.</summary>
    /// <param name="folder">The folder of the run, made if it is missing; runs whose folders lie in one folder stand side by side there.</param>
    /// <param name="every">Every how many steps the norms of the time steps are written.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="every"/> is below 1.</exception>
    /// <exception cref="IOException">The folder cannot be written into.</exception>
    public TensorBoardObserver(string folder, int every = 100)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Check.InRange(every >= 1, nameof(every), "at least 1", every);
        (_folder, _every) = (Path.GetFullPath(folder), every);
        var suffix = Guid.NewGuid().ToString("N"); // by which the file is found
        try
        {
            _follows = Directory.CreateDirectory(_folder).EnumerateFiles(AllFiles).Any();
            _writer = utils.tensorboard.SummaryWriter(_folder, suffix);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"folder: expected a folder that event files can be written into, got '{_folder}': {problem.Message}", problem);
        }

        _file = Directory.EnumerateFiles(_folder, "*." + suffix).Single();
    }

    /// <summary>Is called once if the file can no longer be written (the disk is full, the folder is gone); null for nobody. The training goes on.</summary>
    public Action<IOException>? OnFailure { get; init; }

    /// <summary>Why nothing is written any more; null while all is well. The file can be read up to there.</summary>
    public IOException? Failure { get; private set; }

    /// <summary>The names of event files, as a pattern.</summary>
    internal static string AllFiles => "events.out.tfevents.*";

    /// <inheritdoc/>
    public void OnBegin(nn.Module model, string metric)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(metric);
        Detach();
        _metric = metric.Replace(' ', '_');
        _trace = GradientTrace.Watch(model);
        _seen = 0;
    }

    /// <inheritdoc/>
    public void OnStep(in StepRecord step)
    {
        var (number, loss, norm, rate) = (_stepsBefore + step.Step, step.Loss, step.GradientNorm, step.LearningRate);
        Write(number, () =>
        {
            _writer.add_scalar("loss/train", (float)loss, number);
            _writer.add_scalar("gradient/norm", (float)norm, number);
            _writer.add_scalar("learning_rate", (float)rate, number);
            WriteNorms(number);
        });
        if (_trace is not null)
        {
            _trace.Paused = !IsDue(number + 1L);
        }
    }

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationRecord evaluation)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        var number = _stepsBefore + evaluation.Step;
        Write(number, () =>
        {
            _writer.add_scalar("loss/evaluation", (float)evaluation.Loss, number);
            _writer.add_scalar(_metric, (float)evaluation.Metric, number);
        });
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Detach();
        _stepsBefore += result.Steps; // a recipe's next stage begins at step 1
    }

    /// <summary>Lets go of the model. The file is whole after each event, and closed.</summary>
    public void Dispose() => Detach();

    private void Detach()
    {
        _trace?.Dispose();
        _trace = null;
    }

    private bool IsDue(long step) => step == 1 || step % _every == 0;

    private void Write(long step, Action write)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            if (_follows)
            {
                _follows = false;
                Append(new Event { Step = step, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } }); // PyTorch's purge_step
            }

            write();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Failure = new IOException($"{_folder}: TensorBoard's event file cannot be written from step {step} on, and the training goes on without it: {problem.Message}", problem);
            Detach();
            OnFailure?.Invoke(Failure);
        }
    }

    private void WriteNorms(long step)
    {
        if (!IsDue(step) || _trace is not { Last: { } norms, Count: var count } || count == _seen)
        {
            return;
        }

        _seen = count;
        var summary = new Summary();
        foreach (var layer in norms.Layers)
        {
            var name = $"h_l{layer.Layer}{(layer.Direction == 1 ? "_reverse" : "")}";
            Add($"gradient/norm_{name}", layer.Hidden);
            Add($"gradient/log10_norm_{name}", layer.Hidden.Select(Math.Log10));
        }

        if (summary.Value.Count > 0)
        {
            Append(new Event { Step = step, Summary = summary });
        }

        void Add(string tag, IEnumerable<double> values)
        {
            double[] finite = [.. values.Where(double.IsFinite)];
            if (finite.Length > 0)
            {
                summary.Value.Add(new Summary.Types.Value { Tag = tag, Histo = Histogram(finite) });
            }
        }
    }

    /// <summary>
    /// Equal buckets from the smallest value to the largest; bucket i has what is above limit i - 1 and at most limit i.
    /// <see cref="SummaryWriter.add_histogram"/> makes Scalars that nothing holds, refuses values of which none is a number, and
    /// has one bucket for all below 1e-12.
    /// </summary>
    internal static HistogramProto Histogram(IReadOnlyCollection<double> values)
    {
        var (min, max) = (values.Min(), values.Max());
        var limits = Enumerable.Range(1, Buckets).Select(bucket => bucket == Buckets ? max : min + ((max - min) * ((double)bucket / Buckets))).Distinct().ToArray();
        var counts = new double[limits.Length];
        foreach (var value in values)
        {
            var at = Array.BinarySearch(limits, value);
            counts[at < 0 ? ~at : at]++;
        }

        var histogram = new HistogramProto { Min = min, Max = max, Num = values.Count, Sum = values.Sum(), SumSquares = values.Sum(value => value * value) };
        histogram.BucketLimit.AddRange(limits);
        histogram.Bucket.AddRange(counts);
        return histogram;
    }

    // What SummaryWriter has no call for. It opens the file for each event, and so does this. A record is the length, its
    // checksum, the event, its checksum.
    private void Append(Event happened)
    {
        happened.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1_000.0;
        var data = happened.ToByteArray();
        using var file = new BinaryWriter(new FileStream(_file, FileMode.Append, FileAccess.Write, FileShare.Read));
        file.Write(data.LongLength);
        file.Write(Masked(CRC32C.process(data.LongLength)));
        file.Write(data);
        file.Write(Masked(CRC32C.process(data)));
    }

    // TFRecord's mask of a CRC32C.
    private static uint Masked(uint checksum) => BitOperations.RotateRight(checksum, 15) + 0xa282ead8;
}
