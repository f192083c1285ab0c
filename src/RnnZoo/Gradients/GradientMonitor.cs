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
/// A warning is given when something begins: not again while it lasts, but anew after a measurement at which it was over. The
/// growth and the memory are those of <see cref="GradientGains"/>.
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
    public IReadOnlyList<GradientGains> Gains { get; private set; } = [];

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
