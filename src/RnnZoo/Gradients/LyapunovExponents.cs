using System.Runtime.InteropServices;
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
/// <para>Where units of a ReLU net are off, or gates exactly shut, a Jacobian has rows or columns of zeros; from then on that many
/// directions are gone, and their exponents −∞. A direction lost in another way shows as a strongly negative number, for
/// rounding leaves about 1e-16 of it at each step.</para>
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
    public IReadOnlyList<LyapunovPoint> History { get; }

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
    /// <exception cref="ArgumentException">An option does not fit the run; the message names it.</exception>
    /// <exception cref="ArithmeticException">A Jacobian has a number that is not finite.</exception>
    public static LyapunovExponents Of(JacobianTrajectory trajectory, LyapunovOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(trajectory);
        options ??= new LyapunovOptions();
        var size = (int)trajectory.StateSize;
        var count = options.Count ?? size;
        CheckRange(count, nameof(options.Count), 1, size);
        CheckRange(options.WarmUp, nameof(options.WarmUp), 0, trajectory.Steps - 1);
        CheckRange(options.Sequence, nameof(options.Sequence), 0, trajectory.Batch - 1);
        CheckRange(options.HistoryPoints, nameof(options.HistoryPoints), 1, int.MaxValue);
        var recorder = new LyapunovRecorder(size, count, trajectory.Steps, options);
        var chunk = Math.Max(1, ChunkNumbers / ((long)size * size));
        for (var first = 1L; first <= trajectory.Steps; first += chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var last = Math.Min(trajectory.Steps, first + chunk - 1);
            var jacobians = trajectory.Between(first, last, options.Sequence).to(ScalarType.Float64, CPU).contiguous(); // [C, S, S]
            var numbers = MemoryMarshal.Cast<byte, double>(jacobians.bytes);
            for (var step = first; step <= last; step++)
            {
                recorder.Step(numbers.Slice((int)(step - first) * size * size, size * size), step);
            }

            GC.KeepAlive(jacobians);
        }

        return new LyapunovExponents(recorder.History, size, options.WarmUp);
    }

    /// <summary>How the largest exponents settled, and the spectrum.</summary>
    public Figure ToFigure() => GradientPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    private static void CheckRange(long value, string name, long lowest, long highest)
    {
        if (value < lowest || value > highest)
        {
            throw new ArgumentException($"{name}: expected {lowest} to {highest}, got {value}.");
        }
    }
}
