using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// Finite-time Lyapunov exponents of a run, by QR at each step:
/// <code>
/// (1)  J_t Q_{t-1} = Q_t R_t          Q_0 random, orthonormal [S, m]
/// (2)  λ_i = 1/N Σ_t ln (R_t)_ii      over the N steps after the warm-up
/// (3)  D = k + (λ_1 + … + λ_k) / |λ_{k+1}|,   k the last with λ_1 + … + λ_k ≥ 0
/// </code>
/// Source: G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, "Lyapunov characteristic exponents", 1980, for (1) and
/// (2); J. Kaplan and J. Yorke, 1979, for (3); R. Vogt et al., "On Lyapunov exponents for RNNs", 2022.
/// </summary>
/// <remarks>
/// <para>Only logarithms are added up, so the number of steps has no limit. λ_1 is the measured rate, in nats per step, at which
/// gradients grow or vanish over long spans; for a vanilla net ln ‖W‖ bounds it (<see cref="PowerLaw"/>).</para>
/// <para>They are not the mean logarithms of the singular values of the product: (1/N) ln σ_i and λ_i agree only in the limit
/// of many steps. For a finite span, and for non-normal Jacobians above all, ask <see cref="JacobianProduct"/>.</para>
/// <para>A direction of which one step leaves less than 1e-13 of the Jacobian's norm cannot be told from rounding. It is gone
/// from then on, and its exponent is −∞: so where units of a ReLU net are off, or gates shut.</para>
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class LyapunovExponents : Display.IPicture
{
    private const long ChunkNumbers = 1 << 20; // what the Jacobians read at a time may hold

    private LyapunovExponents(IReadOnlyList<LyapunovPoint> history, int stateSize, int warmUp)
    {
        History = history;
        Exponents = [.. history[^1].Exponents.OrderDescending()];
        (StateSize, WarmUp, Steps) = (stateSize, warmUp, history[^1].Steps);
    }

    /// <summary>λ_i in nats per step, largest first; −∞ for a direction that is gone.</summary>
    public IReadOnlyList<double> Exponents { get; }

    /// <summary>How the exponents settled; the last point has the final ones.</summary>
    internal IReadOnlyList<LyapunovPoint> History { get; }

    /// <summary>S: as many exponents there are in all.</summary>
    public int StateSize { get; }

    /// <summary>N: the steps that were measured.</summary>
    public long Steps { get; }

    /// <summary>The steps before them.</summary>
    public int WarmUp { get; }

    /// <summary>The sum of all exponents, the rate at which volumes grow; null unless all S were measured.</summary>
    public double? Sum => Exponents.Count == StateSize ? Exponents.Sum() : null;

    /// <summary>
    /// The Kaplan–Yorke dimension (3); 0 if λ_1 is below zero. Null where it cannot be told: more exponents are needed before
    /// their sum turns negative. It says something of an attractor only if the steps see one; under random input, of its random one.
    /// </summary>
    public double? KaplanYorkeDimension
    {
        get
        {
            var sum = 0.0;
            for (var index = 0; index < Exponents.Count; index++)
            {
                var next = Exponents[index];
                if (sum + next < 0)
                {
                    return index + (sum / -next);
                }

                sum += next;
            }

            return Exponents.Count == StateSize ? StateSize : null;
        }
    }

    /// <summary>Measures along a run.</summary>
    /// <param name="trajectory">The run; all its steps are used, the first of them as warm-up.</param>
    /// <param name="options">How; the defaults measure all exponents without warm-up.</param>
    /// <param name="cancellation">Ends the measurement with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option does not fit the run; the message names it.</exception>
    /// <exception cref="ArithmeticException">A Jacobian has a number that is not finite.</exception>
    public static LyapunovExponents Of(JacobianTrajectory trajectory, LyapunovOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(trajectory);
        options ??= new LyapunovOptions();
        var size = (int)trajectory.StateSize;
        var count = options.Count ?? size;
        Check.Between(count, nameof(options.Count), 1, size);
        Check.Between(options.WarmUp, nameof(options.WarmUp), 0, trajectory.Steps - 1);
        Check.Between(options.Sequence, nameof(options.Sequence), 0, trajectory.Batch - 1);
        Check.Between(options.HistoryPoints, nameof(options.HistoryPoints), 1, int.MaxValue);
        return new LyapunovExponents(Measure(trajectory, options, count, cancellation), size, options.WarmUp);
    }

    /// <summary>How the largest exponents settled, and the spectrum.</summary>
    public Figure ToFigure() => GradientPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    private static List<LyapunovPoint> Measure(JacobianTrajectory trajectory, LyapunovOptions options, int count, CancellationToken cancellation)
    {
        var (size, steps) = (trajectory.StateSize, trajectory.Steps);
        var chunk = Math.Max(1, ChunkNumbers / (size * size));
        var interval = Math.Max(1, (steps - options.WarmUp + options.HistoryPoints - 1) / options.HistoryPoints);
        var history = new List<LyapunovPoint>();
        var sums = new double[count]; // Σ_t ln (R_t)_ii
        int[] left = [.. Enumerable.Range(0, count)]; // the directions that the columns of Q belong to
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var frame = Directions.Random(size, count, options.Seed); // [S, m]: Q
        Tensor? jacobians = null; // [C, S, S]
        for (var step = 1L; step <= steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            if ((step - 1) % chunk == 0)
            {
                jacobians?.Dispose();
                jacobians = Read(trajectory, step, Math.Min(steps, step + chunk - 1), options.Sequence);
            }

            using var own = NewDisposeScope();
            using var before = frame;
            (frame, var stretches) = Directions.Turn(jacobians![(step - 1) % chunk], frame, $"at step {step}"); // (1)
            frame.MoveToOuterDisposeScope();
            for (var index = 0; index < left.Length; index++)
            {
                sums[left[index]] += step > options.WarmUp || stretches[index] == 0 ? Math.Log(stretches[index]) : 0; // (2)
            }

            left = [.. left.Where((_, index) => stretches[index] > 0)];
            var measured = step - options.WarmUp;
            if (measured > 0 && (measured % interval == 0 || step == steps))
            {
                history.Add(new LyapunovPoint(measured, [.. sums.Select(sum => sum / measured)]));
            }
        }

        return history;
    }

    private static Tensor Read(JacobianTrajectory trajectory, long first, long last, long sequence)
    {
        using var scope = NewDisposeScope();
        return trajectory.Between(first, last, sequence).to(ScalarType.Float64, CPU).MoveToOuterDisposeScope(); // [C, S, S]
    }
}

/// <summary>How Lyapunov exponents are measured.</summary>
public sealed record LyapunovOptions
{
    /// <summary>How many of the largest exponents; all S if null. The cost of a step grows with S² times this number.</summary>
    public int? Count { get; init; }

    /// <summary>Steps that turn the directions into place before the measurement; they count for nothing else.</summary>
    public int WarmUp { get; init; }

    /// <summary>Which sequence of the batch.</summary>
    public int Sequence { get; init; }

    /// <summary>Where the first directions come from; the exponents do not depend on it in the limit.</summary>
    public int Seed { get; init; }

    /// <summary>How many points of <see cref="LyapunovExponents.History"/> there are at most.</summary>
    internal int HistoryPoints { get; init; } = 200;
}

/// <summary>The finite-time exponents after some of the steps.</summary>
/// <param name="Steps">How many steps were measured so far, warm-up not counted.</param>
/// <param name="Exponents">In nats per step, in the order of the directions.</param>
internal sealed record LyapunovPoint(long Steps, IReadOnlyList<double> Exponents);
