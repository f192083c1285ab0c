using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// Linear recurrent units (LRU) in L layers, used as nn.LSTM is: y, the output, takes the place of h, and the complex state z that
/// of c. Equations and the authors' names of the parameters in <see cref="LruCell"/>.
/// </summary>
/// <remarks>
/// The state's second part is z, real and imaginary parts joined [L·D, B, 2H]. Keys: <c>weight_ih_l0</c> [3H, I],
/// <c>bias_ih_l0</c> [3H], <c>weight_zh_l0</c> [H, 2H], <c>weight_nu_log_l0</c>, <c>weight_theta_log_l0</c> and
/// <c>weight_gamma_log_l0</c> [H], and so on as in nn.LSTM. Of the authors' block there is the recurrence alone, which is linear:
/// their norms, gates and skips between layers are yours to add.
/// </remarks>
public sealed class Lru : CellStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="LruCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H: as many outputs as complex units.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="minRadius">The least |λ| of the start, 0 or more.</param>
    /// <param name="maxRadius">The largest |λ| of the start, above the least, at most 1.</param>
    /// <param name="maxPhase">The largest angle of λ of the start, in radians, above 0.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, ·] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or a radius or the phase is outside its range.</exception>
    public Lru(long inputSize, long hiddenSize, long numLayers = 1, double minRadius = LruCell.DefaultMinRadius, double maxRadius = LruCell.DefaultMaxRadius, double maxPhase = LruCell.DefaultMaxPhase, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), (minRadius, maxRadius, maxPhase), bias, device, dtype)
    {
    }

    private Lru(RecurrentLayout layout, (double MinRadius, double MaxRadius, double MaxPhase) ring, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(Lru), layout, [.. layout.Positions().Select(at =>
            new LruCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, ring.MinRadius, ring.MaxRadius, ring.MaxPhase, bias, device, dtype))]) =>
        (MinRadius, MaxRadius, MaxPhase) = ring;

    /// <summary>The least |λ| of the start.</summary>
    public double MinRadius { get; }

    /// <summary>The largest |λ| of the start.</summary>
    public double MaxRadius { get; }

    /// <summary>The largest angle of λ of the start, in radians.</summary>
    public double MaxPhase { get; }

    /// <inheritdoc/>
    public override Lru Clone() => Copied((layout, bias) => new Lru(layout, (MinRadius, MaxRadius, MaxPhase), bias, null, null));
}
