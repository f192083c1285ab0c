namespace RnnZoo.Gradients;

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
public sealed class GradientGains
{
    private readonly double[] _logGain; // by position in the walk, of the step from s to s - 1; NaN where there is no gradient
    private readonly bool _reversed;

    /// <summary>Reads the gains off the norms.</summary>
    /// <param name="norms">The norms of one direction of one layer.</param>
    public GradientGains(LayerGradientNorms norms)
    {
        ArgumentNullException.ThrowIfNull(norms);
        (Layer, Direction, _reversed) = (norms.Layer, norms.Direction, norms.Direction == 1);
        _logGain = new double[norms.Hidden.Count];
        for (var s = _logGain.Length - 1; s >= 0; s--)
        {
            var arrived = s == 0 ? double.NaN : Size(norms.HiddenFromFuture, norms.CellFromFuture, TimeOf(s - 1));
            _logGain[s] = Math.Log(arrived / Size(norms.Hidden, norms.CellFromFuture, TimeOf(s)));
        }

        NotFiniteFrom = LastWhere(norms.Hidden, norm => !double.IsFinite(norm));
        (Growth, GrowthStart, GrowthEnd) = LargestGrowth();
    }

    /// <summary>0 is the layer that reads the input.</summary>
    public int Layer { get; }

    /// <summary>0 reads the sequence forwards, 1 backwards.</summary>
    public int Direction { get; }

    /// <summary>T.</summary>
    public int Steps => _logGain.Length;

    /// <summary>The largest factor by which the gradient grows over any stretch of steps; 1 if it grows nowhere.</summary>
    public double Growth { get; }

    /// <summary>The time step t from which it grows by <see cref="Growth"/> on its way back; null if it grows nowhere.</summary>
    public int? GrowthStart { get; }

    /// <summary>The time step at which that growth ends; null if it grows nowhere.</summary>
    public int? GrowthEnd { get; }

    /// <summary>The first time step on the way back whose gradient is NaN or infinite; null if all are finite.</summary>
    public int? NotFiniteFrom { get; }

    /// <summary>(2) of the step that reads x_t; NaN at the first step of the walk, and where no gradient is.</summary>
    /// <param name="t">The time index.</param>
    public double Gain(int t) => Math.Exp(_logGain[TimeOf(t)]);

    /// <summary>
    /// The net's effective memory: after how many steps back, from the last step with a gradient, <see cref="Left"/> is less
    /// than a fraction. Null if that does not happen within the sequence.
    /// </summary>
    /// <param name="fraction">Above 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of its range.</exception>
    public int? StepsUntilLeft(double fraction)
    {
        if (!(fraction is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, FormattableString.Invariant($"fraction: expected above 0 and below 1, got {fraction}."));
        }

        var (limit, log, steps) = (Math.Log(fraction), 0.0, 0);
        foreach (var gain in FromTheEnd())
        {
            (log, steps) = (log + gain, steps + 1);
            if (log < limit)
            {
                return steps;
            }
        }

        return null;
    }

    /// <summary>(3): how much of the gradient is left after some steps back, from the last step with a gradient.</summary>
    /// <param name="steps">k.</param>
    /// <returns>A factor; 1 for no steps, NaN beyond the first step of the walk.</returns>
    public double Left(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        double[] gains = [.. FromTheEnd().Take(steps)];
        return gains.Length < steps ? double.NaN : Math.Exp(gains.Sum());
    }

    // The log gains from the last step of the walk that has a gradient to the first.
    private IEnumerable<double> FromTheEnd() => _logGain.Skip(1).Reverse().SkipWhile(double.IsNaN).TakeWhile(gain => !double.IsNaN(gain));

    // The stretch with the largest sum of log gains, walked from the end (Kadane's algorithm).
    private (double Growth, int? Start, int? End) LargestGrowth()
    {
        var (best, bestStart, bestEnd) = (0.0, -1, -1);
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
                (best, bestStart, bestEnd) = (sum, start, s - 1);
            }
        }

        return bestStart < 0 ? (1, null, null) : (Math.Exp(best), TimeOf(bestStart), TimeOf(bestEnd));
    }

    private int? LastWhere(IReadOnlyList<double> norms, Func<double, bool> holds)
    {
        for (var s = norms.Count - 1; s >= 0; s--)
        {
            if (holds(norms[TimeOf(s)]))
            {
                return TimeOf(s);
            }
        }

        return null;
    }

    private static double Size(IReadOnlyList<double> hidden, IReadOnlyList<double>? cell, int t) =>
        cell is null ? hidden[t] : double.Hypot(hidden[t], cell[t]);

    // The walk and time are each other's mirror image, or the same.
    private int TimeOf(int step) => _reversed ? _logGain.Length - 1 - step : step;
}
