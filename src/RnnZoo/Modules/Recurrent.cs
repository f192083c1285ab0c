using System.Runtime.CompilerServices;
using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

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
    private readonly Func<int, int, long, RecurrentCell> _cell;

    /// <summary>Makes the cells and joins them.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="cell">
    /// (layer, direction, size) → a new cell of that input size, which the module takes over; layer 0 reads the input, direction 1
    /// reads the sequence backwards. All cells need the same state sizes. <see cref="Clone"/> calls it again.
    /// </param>
    /// <param name="numLayers">L.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, S] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or a cell's sizes do not fit.</exception>
    public Recurrent(long inputSize, Func<int, int, long, RecurrentCell> cell, long numLayers = 1, bool batchFirst = false, double dropout = 0, bool bidirectional = false)
        : this(CellStack.Make(inputSize, cell, numLayers, batchFirst, dropout, bidirectional), cell)
    {
    }

    private Recurrent(CellStack stack, Func<int, int, long, RecurrentCell> cell) : base(nameof(Recurrent), stack.Layout, stack.Cells, native: null) =>
        _cell = cell;

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first; [T, I] for a single sequence.</param>
    /// <param name="state">Parts [L·D, B, S]; zeros if null.</param>
    /// <returns>The output at every step and the final state.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    [OverloadResolutionPriority(1)] // so that null is a state
    public new RecurrentResult call(Tensor input, RecurrentState? state = null) => Call(input, state, lengths: null);

    /// <summary>Runs sequences of several lengths, hooks included; the lengths go past them.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="lengths">[B] (int64): how many steps each sequence has, from 1 to T, in any order.</param>
    /// <param name="state">Parts [L·D, B, S]; zeros if null.</param>
    /// <returns>The output at every step, zero in padding, and the final state, each sequence's after its own last step.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public RecurrentResult call(Tensor input, Tensor lengths, RecurrentState? state = null) => Call(input, state, lengths ?? throw new ArgumentNullException(nameof(lengths)));

    /// <summary>Runs packed sequences; hooks, which take tensors, do not run.</summary>
    /// <param name="input">As from pack_padded_sequence, rows of I.</param>
    /// <param name="state">Parts [L·D, B, S], in the order in which the sequences were packed from; zeros if null.</param>
    /// <returns>The output at every step, packed as the input, and the final state, in the order of the initial one.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (PackedSequence, RecurrentState) call(PackedSequence input, RecurrentState? state = null) => Forward(input, state);

    /// <summary>Runs a sequence without hooks; arguments and results as in <c>call</c>.</summary>
    public override RecurrentResult forward(Tensor input, RecurrentState? state = null) => Forward(input, state);

    /// <inheritdoc/>
    public override Recurrent Clone() => Copied((of, _) => new Recurrent(of.InputSize, _cell, of.NumLayers, of.BatchFirst, of.Dropout, of.Bidirectional));

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null) => call(input, state);

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, Tensor lengths, RecurrentState? state = null) => call(input, lengths, state);
}

/// <summary>The cells that a factory made for a layout, checked against each other.</summary>
internal sealed record CellStack(RecurrentLayout Layout, IReadOnlyList<RecurrentCell> Cells)
{
    public static CellStack Make(long inputSize, Func<int, int, long, RecurrentCell> factory, long numLayers, bool batchFirst, double dropout, bool bidirectional)
    {
        ArgumentNullException.ThrowIfNull(factory);
        var layout = RecurrentLayout.Checked(inputSize, hiddenSize: 1, numLayers, batchFirst, dropout, bidirectional);
        var cells = new List<RecurrentCell>();
        try
        {
            foreach (var (layer, direction) in layout.Positions())
            {
                var cell = factory(layer, direction, layout.InputSizeOf(layer))
                    ?? throw new ArgumentException($"cell: expected a cell for layer {layer}, direction {direction}, got null.");
                cells.Add(cell);
                if (cells.Count == 1)
                {
                    layout = layout with { HiddenSize = cell.HiddenSize };
                }

                CheckSizes(cells, layer, layout);
            }
        }
        catch
        {
            cells.ForEach(cell => cell.Dispose());
            throw;
        }

        return new CellStack(layout, cells);
    }

    private static void CheckSizes(List<RecurrentCell> cells, int layer, RecurrentLayout layout)
    {
        var cell = cells[^1];
        if (cells.IndexOf(cell) != cells.Count - 1)
        {
            throw new ArgumentException($"cell: expected a new cell for each layer and direction, got the same one twice; make it inside the factory.");
        }

        if (cell.InputSize != layout.InputSizeOf(layer))
        {
            throw new ArgumentException($"cell: expected InputSize = {layout.InputSizeOf(layer)} in layer {layer}, got {cell.InputSize}; use the size that the factory is given.");
        }

        if (cell.StateSizes.Count == 0 || cell.StateSizes[0] != cell.HiddenSize || !cell.StateSizes.SequenceEqual(cells[0].StateSizes))
        {
            throw new ArgumentException($"cell: expected StateSizes = {Check.Show(cells[0].StateSizes)}, h of size {layout.HiddenSize} first, in every layer and direction, got {Check.Show(cell.StateSizes)} with HiddenSize = {cell.HiddenSize}.");
        }
    }
}
