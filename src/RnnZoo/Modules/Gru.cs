using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A drop-in for nn.GRU. Equations in <see cref="GruCell"/>; keys, shapes, gate order and initial values as nn.GRU.
/// </summary>
public sealed class Gru : HiddenStateModule
{
    /// <inheritdoc cref="Lstm.Lstm(long, long, long, bool, bool, double, bool, Device?, ScalarType?)"/>
    public Gru(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private Gru(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : this(layout, NativeRecurrence.Gru(layout, bias, device, dtype))
    {
    }

    private Gru(RecurrentLayout layout, NativeRecurrence native)
        : base(nameof(Gru), layout, [.. layout.Positions().Select(at =>
            new GruCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, native.WeightsOf(at.Layer, at.Direction)))], native)
    {
    }

    /// <inheritdoc/>
    public override Gru Clone() => Copied((layout, bias) => new Gru(layout, bias, null, null));
}
