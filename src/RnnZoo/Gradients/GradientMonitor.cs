using System.Globalization;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// Watches the gradient in training: warns when it explodes, and at which time step the growth starts; when it vanishes, and
/// after how many steps; and counts how often clipping acts. In a loop of one's own:
/// <code>
/// using var monitor = new GradientMonitor(model, new GradientMonitorOptions { ClipNorm = 1, OnWarning = Console.WriteLine });
/// Gradient.Backward(loss);
/// var norm = nn.utils.clip_grad_norm_(parameters, 1);
/// monitor.Observe(step, norm);
/// </code>
/// With a trainer, call <see cref="Observe"/> from an observer of its steps.
/// </summary>
/// <remarks>
/// A warning is given when something begins: not again while it lasts, but anew after a measurement at which it was over.
/// Growth and memory are measured on the gradient itself, by what each step back does to its norm, not on a bound of the Jacobian.
/// </remarks>
public sealed class GradientMonitor : IDisposable
{
    private readonly GradientTrace _trace;
    private readonly GradientMonitorOptions _options;
    private readonly List<GradientWarning> _warnings = [];
    private readonly HashSet<(GradientSignalKind, int, int)> _lasting = [];
    private long _seen;
    private long _steps;
    private long _measured;
    private long _exploding;
    private long _vanishing;
    private long _clipped;
    private double _smallestFactor = 1;
    private double _largestNorm;

    /// <summary>Attaches a monitor.</summary>
    /// <param name="model">A recurrent module of this library, or a model with exactly one in it.</param>
    /// <param name="options">When to look, and what to warn of; the defaults if null.</param>
    /// <exception cref="ArgumentException">There is no recurrent module of this library in it, or more than one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The module's path shows no gradient of a step.</exception>
    public GradientMonitor(nn.Module model, GradientMonitorOptions? options = null)
    {
        _options = options ?? new GradientMonitorOptions();
        _options.Validate();
        _trace = GradientTrace.Attach(model, new GradientTraceOptions { Every = _options.Every });
    }

    /// <summary>The gains at the last measurement, layer by layer and, in a layer, forwards before backwards; empty before the first.</summary>
    internal IReadOnlyList<GradientGains> Gains { get; private set; } = [];

    /// <summary>What was seen so far.</summary>
    public GradientMonitorReport Report => new(
        _steps, _measured, _exploding, _vanishing, _clipped, _smallestFactor, _largestNorm,
        [.. Gains.Select(gains => gains.StepsUntilLeft(_options.VanishesBelow))], [.. _warnings]);

    /// <summary>Tells the monitor that a training step's backward pass is done.</summary>
    /// <param name="step">The number of the step, for the warnings.</param>
    /// <param name="gradientNorm">The L2 norm of the whole gradient before clipping, or NaN if there was none or it is not known.</param>
    public void Observe(long step, double gradientNorm = double.NaN)
    {
        _steps++;
        if (double.IsFinite(gradientNorm))
        {
            _largestNorm = Math.Max(_largestNorm, gradientNorm);
        }

        if (gradientNorm > _options.ClipNorm)
        {
            _clipped++;
            _smallestFactor = Math.Min(_smallestFactor, _options.ClipNorm.Value / gradientNorm);
        }

        if (_trace.Count > _seen && _trace.Last is { } norms)
        {
            _seen = _trace.Count;
            Measure(step, norms);
        }
    }

    /// <summary>Detaches the monitor from the model; the report can still be read.</summary>
    public void Dispose() => _trace.Dispose();

    private void Measure(long step, GradientNorms norms)
    {
        _measured++;
        Gains = [.. norms.Layers.Select(layer => new GradientGains(layer))];
        var exploding = Gains.Select(gains => Signal(step, gains, GradientSignalKind.Exploding, Explosion(gains))).ToArray();
        var vanishing = Gains.Select(gains => Signal(step, gains, GradientSignalKind.Vanishing, Vanishing(gains))).ToArray();
        _exploding += exploding.Contains(true) ? 1 : 0;
        _vanishing += vanishing.Contains(true) ? 1 : 0;
    }

    private (int TimeStep, double Factor)? Explosion(GradientGains gains)
    {
        if (gains.NotFiniteFrom is { } t)
        {
            return (t, double.NaN);
        }

        return gains.Growth > _options.ExplodesAbove ? (gains.GrowthStart!.Value, gains.Growth) : null;
    }

    private (int TimeStep, double Factor)? Vanishing(GradientGains gains) =>
        gains.StepsUntilLeft(_options.VanishesBelow) is { } steps ? (steps, _options.VanishesBelow) : null;

    private bool Signal(long step, GradientGains gains, GradientSignalKind kind, (int TimeStep, double Factor)? found)
    {
        var key = (kind, gains.Layer, gains.Direction);
        if (found is not var (timeStep, factor))
        {
            _lasting.Remove(key);
            return false;
        }

        if (_lasting.Add(key))
        {
            var warning = new GradientWarning(step, kind, gains.Layer, gains.Direction, timeStep, factor);
            _warnings.Add(warning);
            _options.OnWarning?.Invoke(warning);
        }

        return true;
    }
}

/// <summary>
/// How the gradient fares on its way back through one direction of one layer, read off its norms. With F_t what reaches the
/// state of step t from the future and G_t all of it, steps counted along the walk:
/// <code>
/// (1) F_t² = ‖dh_t(future)‖² + ‖dc_t(future)‖²,  G_t² = ‖dh_t‖² + ‖dc_t(future)‖²      c: LSTM alone
/// (2) gain_t = F_{t-1} / G_t                    what one step back does to the gradient that is there
/// (3) left(k) = gain_T gain_{T-1} … gain_{T-k+1}
/// </code>
/// Since G_t runs through J_t' into F_{t-1}, (2) is measured on the gradient itself, not on a bound of J_t; (c_t counts with
/// its future part, for what comes to it through h_t is in dh_t already). Where the loss is at the last step alone, (3) is
/// exactly F_{T-k} / G_T; where each step adds a loss of its own, it is the product of what each step does to the mixture.
/// </summary>
internal sealed class GradientGains
{
    private readonly double[] _logGain; // by position in the walk, of the step from s to s - 1; NaN where there is no gradient
    private readonly bool _reversed;

    /// <summary>Reads the gains off the norms.</summary>
    public GradientGains(LayerGradientNorms norms)
    {
        (Layer, Direction, _reversed) = (norms.Layer, norms.Direction, norms.Direction == 1);
        _logGain = new double[norms.Hidden.Count];
        for (var s = _logGain.Length - 1; s >= 0; s--)
        {
            var arrived = s == 0 ? double.NaN : Size(norms.HiddenFromFuture, norms.CellFromFuture, TimeOf(s - 1));
            _logGain[s] = Math.Log(arrived / Size(norms.Hidden, norms.CellFromFuture, TimeOf(s)));
        }

        var notFinite = Enumerable.Range(0, _logGain.Length).LastOrDefault(s => !double.IsFinite(norms.Hidden[TimeOf(s)]), -1);
        NotFiniteFrom = notFinite < 0 ? null : TimeOf(notFinite);
        (Growth, GrowthStart) = LargestGrowth();
    }

    /// <summary>0 is the layer that reads the input.</summary>
    public int Layer { get; }

    /// <summary>0 reads the sequence forwards, 1 backwards.</summary>
    public int Direction { get; }

    /// <summary>The largest factor by which the gradient grows over any stretch of steps; 1 if it grows nowhere.</summary>
    public double Growth { get; }

    /// <summary>The time step t from which it grows by <see cref="Growth"/> on its way back; null if it grows nowhere.</summary>
    public int? GrowthStart { get; }

    /// <summary>The first time step on the way back whose gradient is NaN or infinite; null if all are finite.</summary>
    public int? NotFiniteFrom { get; }

    /// <summary>
    /// The net's effective memory: after how many steps back, from the last step with a gradient, (3) is less than a fraction.
    /// Null if that does not happen within the sequence.
    /// </summary>
    /// <param name="fraction">Above 0 and below 1.</param>
    public int? StepsUntilLeft(double fraction)
    {
        var (limit, log, steps) = (Math.Log(fraction), 0.0, 0);
        foreach (var gain in LogsFromTheEnd())
        {
            (log, steps) = (log + gain, steps + 1);
            if (log < limit)
            {
                return steps;
            }
        }

        return null;
    }

    /// <summary>The logarithms of (2), from the last step of the walk that has a gradient to the first.</summary>
    public IEnumerable<double> LogsFromTheEnd() => _logGain.Skip(1).Reverse().SkipWhile(double.IsNaN).TakeWhile(gain => !double.IsNaN(gain));

    // The stretch with the largest sum of log gains, walked from the end (Kadane's algorithm).
    private (double Growth, int? Start) LargestGrowth()
    {
        var (best, bestStart) = (0.0, -1);
        var (sum, start) = (0.0, -1);
        for (var s = _logGain.Length - 1; s > 0; s--)
        {
            if (!(sum > 0) || double.IsNaN(_logGain[s]))
            {
                (sum, start) = (0, s);
            }

            sum += double.IsNaN(_logGain[s]) ? 0 : _logGain[s];
            if (sum > best)
            {
                (best, bestStart) = (sum, start);
            }
        }

        return bestStart < 0 ? (1, null) : (Math.Exp(best), TimeOf(bestStart));
    }

    private static double Size(IReadOnlyList<double> hidden, IReadOnlyList<double>? cell, int t) =>
        cell is null ? hidden[t] : double.Hypot(hidden[t], cell[t]);

    // The walk and time are each other's mirror image, or the same.
    private int TimeOf(int step) => _reversed ? _logGain.Length - 1 - step : step;
}

/// <summary>When a <see cref="GradientMonitor"/> looks, and what it warns of.</summary>
public sealed record GradientMonitorOptions
{
    /// <summary>Every how many forward passes on the tape the gradient is measured.</summary>
    public int Every { get; init; } = 1;

    /// <summary>The factor of growth over any stretch of steps above which the gradient counts as exploding.</summary>
    public double ExplodesAbove { get; init; } = 1_000;

    /// <summary>The fraction below which a gradient counts as gone.</summary>
    public double VanishesBelow { get; init; } = 1e-6;

    /// <summary>The norm that the gradient is clipped to; null if it is not clipped.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Is called with each warning; null for nobody. Warnings are kept in any case.</summary>
    public Action<GradientWarning>? OnWarning { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Check.InRange(Every >= 1, nameof(Every), "at least 1", Every);
        Check.InRange(ExplodesAbove > 1, nameof(ExplodesAbove), "above 1", ExplodesAbove);
        Check.InRange(VanishesBelow is > 0 and < 1, nameof(VanishesBelow), "above 0 and below 1", VanishesBelow);
        Check.InRange(ClipNorm is null or > 0, nameof(ClipNorm), "above 0, or null for no clipping", ClipNorm);
    }
}

/// <summary>What a <see cref="GradientMonitor"/> warns of.</summary>
public enum GradientSignalKind
{
    /// <summary>The gradient grows too much on its way back, or is NaN or infinite.</summary>
    Exploding,

    /// <summary>Too little of the gradient is left before the first step of the walk.</summary>
    Vanishing,
}

/// <summary>A warning of a <see cref="GradientMonitor"/>: something began that was not so at the measurement before.</summary>
/// <param name="Step">The training step.</param>
/// <param name="Kind">What began.</param>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="TimeStep">
/// Exploding: the time step at which the growth starts, on the way back. Vanishing: after how many steps back less than the
/// fraction is left.
/// </param>
/// <param name="Factor">Exploding: the factor of the growth (NaN if the gradient is not finite). Vanishing: the fraction.</param>
public sealed record GradientWarning(long Step, GradientSignalKind Kind, int Layer, int Direction, int TimeStep, double Factor)
{
    /// <summary>The warning as one line of text.</summary>
    public override string ToString()
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"step {Step}, layer {Layer}{(Direction == 1 ? " (reverse)" : "")}");
        return Kind switch
        {
            GradientSignalKind.Exploding when !double.IsFinite(Factor) => string.Create(CultureInfo.InvariantCulture, $"{where}: the gradient is not finite from t = {TimeStep} backwards"),
            GradientSignalKind.Exploding => string.Create(CultureInfo.InvariantCulture, $"{where}: the gradient grows by a factor of {Factor:G3} on its way back, from t = {TimeStep} on"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{where}: after {TimeStep} steps back less than {Factor:G3} of the gradient is left"),
        };
    }
}

/// <summary>What a <see cref="GradientMonitor"/> has seen so far.</summary>
/// <param name="Steps">Training steps it was told of.</param>
/// <param name="Measured">How many of them had their gradient measured.</param>
/// <param name="Exploding">How many of the measured ones exploded in some layer and direction.</param>
/// <param name="Vanishing">How many of the measured ones vanished in some layer and direction.</param>
/// <param name="Clipped">Steps at which clipping acted: their gradient's norm was above the limit.</param>
/// <param name="SmallestClipFactor">The smallest factor that clipping multiplied a gradient with; 1 if it never acted.</param>
/// <param name="LargestGradientNorm">The largest finite norm of the whole gradient before clipping; 0 if there was none.</param>
/// <param name="MemorySteps">
/// The net's effective memory at the last measurement, by layer and direction: after how many steps back less than the
/// fraction of the gradient is left; null where it lasts to the first step of the walk.
/// </param>
/// <param name="Warnings">All warnings, the oldest first.</param>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record GradientMonitorReport(
    long Steps,
    long Measured,
    long Exploding,
    long Vanishing,
    long Clipped,
    double SmallestClipFactor,
    double LargestGradientNorm,
    IReadOnlyList<int?> MemorySteps,
    IReadOnlyList<GradientWarning> Warnings) : Display.ITable
{
    /// <summary>The share of the steps at which clipping acted; 0 before the first step.</summary>
    public double ClippedShare => Steps == 0 ? 0 : (double)Clipped / Steps;

    /// <summary>The report for a notebook.</summary>
    /// <returns>Two tables as HTML: the counts, and the warnings.</returns>
    public string ToHtml()
    {
        var counts = new Display.HtmlTable("the gradient so far", "", "");
        counts.Add("training steps", Steps);
        counts.Add("of them measured", Measured);
        counts.Add("exploding", Exploding);
        counts.Add("vanishing", Vanishing);
        counts.Add("clipped", Clipped);
        counts.Add("smallest clip factor", SmallestClipFactor);
        counts.Add("largest gradient norm", LargestGradientNorm);
        counts.Add("effective memory, steps", string.Join(", ", MemorySteps.Select(steps => steps?.ToString(CultureInfo.InvariantCulture) ?? "whole sequence")));
        var warnings = new Display.HtmlTable("warnings", "step", "layer", "warning");
        foreach (var warning in Warnings)
        {
            warnings.Add(warning.Step, warning.Layer, warning.ToString());
        }

        return Warnings.Count == 0 ? counts.ToString() : counts.ToString() + warnings;
    }
}
