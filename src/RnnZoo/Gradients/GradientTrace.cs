using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// Records how large the gradient is at each time step of a recurrent net, while it is trained as before:
/// <code>
/// using var trace = GradientTrace.Attach(model);
/// Gradient.Backward(loss);
/// var atFirst = trace.Last![layer: 0].Hidden[0]; // ‖∂L/∂h_0‖
/// </code>
/// </summary>
/// <remarks>
/// <para>It works on <see cref="BackwardPath.Autograd"/> and <see cref="BackwardPath.HandWritten"/>, kernels included, which
/// agree but for rounding. <see cref="BackwardPath.Native"/> shows no gradient of a step and is refused;
/// <see cref="BackwardPath.Auto"/> picks one of the others while a trace is attached.</para>
/// <para>Whether a forward pass is recorded is decided when it runs. A module without a trace, and a forward pass that is not
/// recorded, do no work for it. Several traces may be attached to one module. Not thread-safe: use a trace on
/// the thread that trains.</para>
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class GradientTrace : INormObserver, IDisposable, Display.IPicture
{
    private readonly INormSource _module;
    private readonly GradientTraceOptions _options;
    private readonly int _directions;
    private readonly Queue<NormRecording> _recordings = new();
    private NormRecording? _last;
    private long _seen;

    private GradientTrace(INormSource module, GradientTraceOptions options)
    {
        (_module, _options) = (module, options);
        _directions = ((IRecurrentModule)module).NumDirections;
    }

    /// <summary>Whether nothing is recorded for now; passes that are not recorded are not counted either.</summary>
    public bool Paused { get; set; }

    /// <summary>How many forward passes were recorded and reached by a backward pass.</summary>
    public long Count { get; private set; }

    /// <summary>
    /// The norms of the latest recorded forward pass that a backward pass has reached, as they are now; null if there is none.
    /// After several backward passes through it, each direction of each layer shows the last one that reached it.
    /// </summary>
    public GradientNorms? Last => _last is null ? null : Read(_last);

    /// <summary>The latest recorded forward passes, at most <see cref="GradientTraceOptions.Keep"/>, the oldest first: one for each chunk, say, of truncated backpropagation.</summary>
    public IReadOnlyList<GradientNorms> Recent => [.. _recordings.Select(Read)];

    bool INormObserver.WantsShares => _options.WeightShares;

    /// <summary>Attaches a trace to a recurrent net, to take effect at its next forward pass.</summary>
    /// <param name="module">A recurrent module of this library, or a model with exactly one in it.</param>
    /// <param name="options">What to record and how often; the defaults if null.</param>
    /// <returns>The trace; disposing it detaches it.</returns>
    /// <exception cref="ArgumentException">There is no recurrent module of this library in it, or more than one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The module's path is <see cref="BackwardPath.Native"/>.</exception>
    public static GradientTrace Attach(nn.Module module, GradientTraceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        options ??= new GradientTraceOptions();
        options.Validate();
        var source = Find(module);
        var recurrent = (IRecurrentModule)source;
        if (recurrent.Backward == BackwardPath.Native)
        {
            throw new NotSupportedException($"module: expected {((nn.Module)source).GetName()}.Backward = Auto, Autograd or HandWritten, got Native, which shows no gradient of a step.");
        }

        var trace = new GradientTrace(source, options);
        source.Norms.Add(trace);
        return trace;
    }

    /// <summary>Forgets what was recorded, and counts from the start again.</summary>
    public void Clear()
    {
        _recordings.Clear();
        (_last, _seen, Count) = (null, 0, 0);
    }

    /// <summary>The norms of the latest passes: lines if one is kept, else a map of time steps against passes.</summary>
    /// <exception cref="InvalidOperationException">Nothing was recorded yet.</exception>
    public Figure ToFigure() => Recent is { Count: > 0 } recent
        ? recent.Count == 1 ? recent[0].ToFigure() : GradientPictures.Of(recent)
        : throw new InvalidOperationException("GradientTrace: expected a recorded pass to draw, got none: run the module forward, and backward, after attaching the trace.");

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => Count == 0 ? "<p>no backward pass recorded yet</p>" : ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    /// <summary>Detaches the trace; what it recorded can still be read.</summary>
    public void Dispose() => _module.Norms.Remove(this);

    bool INormObserver.WantsNext() => !Paused && _seen++ % _options.Every == 0;

    void INormObserver.OnReached(NormRecording recording)
    {
        Count++;
        _last = recording;
        _recordings.Enqueue(recording);
        while (_recordings.Count > _options.Keep)
        {
            _recordings.Dequeue();
        }
    }

    private static INormSource Find(nn.Module module)
    {
        if (module is INormSource source)
        {
            return source;
        }

        INormSource[] found = [.. module.modules().OfType<INormSource>().Distinct()];
        return found.Length == 1
            ? found[0]
            : throw new ArgumentException($"module: expected one recurrent module of this library in {module.GetName()}, got {found.Length}; attach a trace to each recurrent module itself.", nameof(module));
    }

    private GradientNorms Read(NormRecording recording) => new(
        [.. Enumerable.Range(0, recording.Count).Select(index => LayerGradientNorms.Copy(index / _directions, index % _directions, recording[index], _options.WeightShares))]);
}
