using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// Any <see cref="RecurrentCell"/>, unrolled over T steps, L layers and D directions:
/// <code>
/// using var net = new Recurrent(inputSize: 5, (layer, direction, size) => new MyCell(size, 11), numLayers: 2);
/// var (output, state) = net.call(x);
/// </code>
/// </summary>
/// <remarks>
/// The keys of the parameters are the cell's own names with <c>_l{layer}</c> and <c>_reverse</c> appended. The cells
/// belong to the module: it converts, moves, saves and disposes their parameters.
/// </remarks>
public sealed class Recurrent : RecurrentModule<RecurrentState?, RecurrentResult>
{
    /// <summary>Makes the cells and joins them.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="cell">Makes the cell of a layer and direction; all cells need the same state sizes.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, S] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or a cell's sizes do not fit.</exception>
    public Recurrent(long inputSize, CellFactory cell, long numLayers = 1, bool batchFirst = false, double dropout = 0, bool bidirectional = false)
        : this(CellStack.Make(inputSize, cell, numLayers, batchFirst, dropout, bidirectional))
    {
    }

    private Recurrent(CellStack stack) : base(nameof(Recurrent), stack.Layout, stack.Cells, native: null)
    {
    }

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="state">Parts [L·D, B, S]; zeros if null.</param>
    /// <returns>The output at every step and the final state.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public new RecurrentResult call(Tensor input, RecurrentState? state = null) => base.call(input, state);

    /// <summary>Runs a sequence without hooks; arguments and results as in <see cref="call"/>.</summary>
    public override RecurrentResult forward(Tensor input, RecurrentState? state = null) => Forward(input, state);

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null) => call(input, state);
}
