using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A drop-in for nn.LSTM. Equations in <see cref="LstmCell"/>; keys, shapes, gate order and initial values as nn.LSTM.
/// </summary>
public sealed class Lstm : CellStateModule
{
    /// <summary>Makes the net, with the arguments of nn.LSTM.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the states are [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or dropout is outside [0, 1].</exception>
    public Lstm(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private Lstm(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : this(layout, NativeRecurrence.Lstm(layout, bias, device, dtype))
    {
    }

    private Lstm(RecurrentLayout layout, NativeRecurrence native)
        : base(nameof(Lstm), layout, [.. layout.Positions().Select(at =>
            new LstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, native.WeightsOf(at.Layer, at.Direction)))], native)
    {
    }

    /// <inheritdoc/>
    public override Lstm Clone() => Copied((layout, bias) => new Lstm(layout, bias, null, null));
}
