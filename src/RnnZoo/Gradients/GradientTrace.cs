using System.Runtime.CompilerServices;
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
public sealed class GradientTrace : IDisposable, Display.IPicture
{
    private readonly IRecurrentModule _module;
    private readonly NormObserver _observer;
    private readonly GradientTraceOptions _options;
    private readonly int _directions;
    private readonly Queue<NormRecording> _recordings = new();
    private NormRecording? _last;
    private long _seen;

    private GradientTrace(IRecurrentModule module, GradientTraceOptions options, Func<StepGradient, Tensor?>? change = null, bool keepsPath = false)
    {
        (_module, _options, _directions) = (module, options, module.NumDirections);
        _observer = new NormObserver(options.WeightShares, () => !Paused && _seen++ % options.Every == 0, OnReached, change, keepsPath);
        module.Norms!.Add(_observer);
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

    /// <summary>Attaches a trace to a recurrent net, to take effect at its next forward pass.</summary>
    /// <param name="module">A recurrent module of this library, or a model with exactly one in it.</param>
    /// <param name="options">What to record and how often; the defaults if null.</param>
    /// <returns>The trace; disposing it detaches it.</returns>
    /// <exception cref="ArgumentException">There is no recurrent module of this library in it, or more than one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The module's path is <see cref="BackwardPath.Native"/>.</exception>
    [OverloadResolutionPriority(1)] // so that null and new() are options
    public static GradientTrace Attach(nn.Module module, GradientTraceOptions? options = null) => Attach(module, options, change: null);

    /// <summary>Attaches a trace that acts: it sees each step's gradient in full before it goes on back through time, and may change it.</summary>
    /// <param name="module">A recurrent module of this library, or a model with exactly one in it.</param>
    /// <param name="change">
    /// ∂L/∂h_t, and after it ∂L/∂c_t of an LSTM → what goes on in its place, of the same shape, or null for the gradient as it is.
    /// The layers' last steps come first. What it throws comes out of <see cref="Gradient.Backward"/>.
    /// </param>
    /// <param name="options">What to record and how often; gradients are changed in the passes that are recorded. Norms are of what goes on.</param>
    /// <returns>The trace; disposing it detaches it.</returns>
    /// <exception cref="ArgumentException">There is no recurrent module of this library in it, or more than one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The module's path is <see cref="BackwardPath.Native"/>.</exception>
    public static GradientTrace Attach(nn.Module module, Func<StepGradient, Tensor?> change, GradientTraceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Attach(module, options, change);
    }

    /// <summary>A trace that leaves the module on its path, so that no bit of a training depends on it; on the native path it records nothing.</summary>
    /// <returns>Null for a model without a recurrent module of this library, or with several.</returns>
    internal static GradientTrace? Watch(nn.Module module) =>
        All(module) is [var recurrent] ? new GradientTrace(recurrent, new GradientTraceOptions(), keepsPath: true) : null;

    private static GradientTrace Attach(nn.Module module, GradientTraceOptions? options, Func<StepGradient, Tensor?>? change)
    {
        ArgumentNullException.ThrowIfNull(module);
        options ??= new GradientTraceOptions();
        options.Validate();
        var recurrent = Find(module);
        return recurrent.Backward != BackwardPath.Native
            ? new GradientTrace(recurrent, options, change)
            : throw new NotSupportedException($"module: expected {((nn.Module)recurrent).GetName()}.Backward = Auto, Autograd or HandWritten, got Native, which shows no gradient of a step.");
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

    /// <summary>Detaches the trace; what it recorded can still be read. One that acts changes nothing from now on, of passes that ran forward before either.</summary>
    public void Dispose()
    {
        _observer.IsDetached = true;
        _module.Norms!.Remove(_observer);
    }

    private void OnReached(NormRecording recording)
    {
        Count++;
        _last = recording;
        _recordings.Enqueue(recording);
        while (_recordings.Count > _options.Keep)
        {
            _recordings.Dequeue();
        }
    }

    private static IRecurrentModule Find(nn.Module module)
    {
        var found = All(module);
        return found.Length == 1
            ? found[0]
            : throw new ArgumentException($"module: expected one recurrent module of this library in {module.GetName()}, got {found.Length}; attach a trace to each recurrent module itself.", nameof(module));
    }

    private static IRecurrentModule[] All(nn.Module module) => module is IRecurrentModule { Norms: not null } itself
        ? [itself]
        : [.. module.modules().OfType<IRecurrentModule>().Where(part => part.Norms is not null).Distinct()];

    private GradientNorms Read(NormRecording recording) => new(
        [.. Enumerable.Range(0, recording.Count).Select(index => LayerGradientNorms.Copy(index / _directions, index % _directions, recording[index], _options.WeightShares))]);
}

/// <summary>What a <see cref="GradientTrace"/> records, and how often.</summary>
public sealed record GradientTraceOptions
{
    /// <summary>
    /// Every how many forward passes one is recorded, the first of them included. Forward passes under no_grad are not
    /// counted, so with one forward pass per training step this is every Nth step.
    /// </summary>
    public int Every { get; init; } = 1;

    /// <summary>
    /// Whether to record each step's own share of ∂L/∂W_hh as well. It costs more than the norms: the gradients of the
    /// pre-activations are kept for the whole sequence.
    /// </summary>
    public bool WeightShares { get; init; }

    /// <summary>How many recorded forward passes are kept; older ones are forgotten.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is below 1.</exception>
    internal void Validate()
    {
        Check.InRange(Every >= 1, nameof(Every), "at least 1", Every);
        Check.InRange(Keep >= 1, nameof(Keep), "at least 1", Keep);
    }
}

/// <summary>The size of the gradient at each time step of one forward pass, for every layer and direction. A copy: it does not change.</summary>
/// <param name="Layers">Layer by layer and, in a layer, forwards before backwards.</param>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed record GradientNorms(IReadOnlyList<LayerGradientNorms> Layers) : Display.IPicture
{
    /// <summary>The norms of one direction of one layer.</summary>
    /// <param name="layer">0 is the layer that reads the input.</param>
    /// <param name="direction">0 reads the sequence forwards, 1 backwards.</param>
    /// <exception cref="ArgumentException">There is no such layer or direction.</exception>
    public LayerGradientNorms this[int layer, int direction = 0] =>
        Layers.FirstOrDefault(norms => norms.Layer == layer && norms.Direction == direction)
        ?? throw new ArgumentException($"layer, direction: expected layer up to {Layers[^1].Layer} and direction up to {Layers[^1].Direction}, got {layer} and {direction}.");

    /// <summary>The norms against time steps, on a log scale: one chart for each layer and direction.</summary>
    public Figure ToFigure() => GradientPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}

/// <summary>
/// The size of the gradient at each time step of one direction of one layer. All norms are L2 over [B, H], formed in double;
/// L is the loss that was differentiated, so a mean over the batch makes them smaller by B. Entry t belongs to input x_t,
/// for the direction that reads backwards as well. Where no gradient arrives the norm is 0.
/// <code>
/// (1) dh_t = dh_t(output) + dh_t(future)      output: the readout, or the layer above
/// (2) dc_t = dc_t(hidden) + dc_t(future)      hidden: through h_t = o_t tanh(c_t)
/// (3) dW_hh = Σ_t dq_t h_{t-1}'               dq_t: the gradient of W_hh h_{t-1} + b_hh
/// </code>
/// Future is what comes from the later steps of the walk through the net's own state. At the last step of the walk
/// (t = T - 1, or 0 for the direction that reads backwards) it is the gradient of the final state, h_n or c_n.
/// </summary>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="Hidden">[T] ‖dh_t‖ of (1) in full.</param>
/// <param name="HiddenFromFuture">[T] ‖dh_t(future)‖ of (1).</param>
/// <param name="Cell">[T] ‖dc_t‖ of (2) in full, for an LSTM; null for cells without c and for a user's own.</param>
/// <param name="CellFromFuture">[T] ‖dc_t(future)‖ of (2), for an LSTM; else null.</param>
/// <param name="WeightShares">
/// [T] ‖dq_t h_{t-1}'‖ of (3), the Frobenius norm of the step's own term, summed over the batch; null unless asked for, and
/// for a user's own cell. The terms' sum is ∂L/∂W_hh; their norms add up to at least its norm.
/// </param>
public sealed record LayerGradientNorms(
    int Layer,
    int Direction,
    IReadOnlyList<double> Hidden,
    IReadOnlyList<double> HiddenFromFuture,
    IReadOnlyList<double>? Cell = null,
    IReadOnlyList<double>? CellFromFuture = null,
    IReadOnlyList<double>? WeightShares = null)
{
    internal static LayerGradientNorms Copy(int layer, int direction, StepNorms norms, bool withShares) => new(
        layer, direction, [.. norms.Hidden], [.. norms.HiddenFromFuture], Copy(norms.Cell), Copy(norms.CellFromFuture), withShares ? Copy(norms.Shares) : null);

    private static double[]? Copy(double[]? norms) => (double[]?)norms?.Clone();
}
