using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An orthogonal recurrent net, for dependencies over a thousand steps and more: the recurrent matrix of every layer and
/// direction is orthogonal at every moment, and the nonlinearity, modReLU, has slope 0 or 1. Equations in
/// <see cref="OrthogonalCell"/>.
/// </summary>
/// <remarks>
/// Keys: <c>weight_ih_l0</c> [H, I], <c>skew_hh_l0</c> [H, H], <c>bias_l0</c> [H], and so on as in nn.RNN. libtorch has no
/// such module. Train <c>skew_hh</c> at a lower learning rate than the rest.
/// </remarks>
public sealed class OrthogonalRnn : HiddenStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="OrthogonalCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or dropout is outside [0, 1].</exception>
    public OrthogonalRnn(long inputSize, long hiddenSize, long numLayers = 1, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), device, dtype)
    {
    }

    private OrthogonalRnn(RecurrentLayout layout, Device? device, ScalarType? dtype)
        : base(nameof(OrthogonalRnn), layout, [.. layout.Positions().Select(at => new OrthogonalCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, device, dtype))])
    {
    }

    /// <inheritdoc/>
    public override OrthogonalRnn Clone() => Copied((layout, _) => new OrthogonalRnn(layout, null, null));
}
