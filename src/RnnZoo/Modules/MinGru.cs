using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A minGRU of L layers, used as nn.GRU is. Equations and parameters in <see cref="MinGruCell"/>; each key has the layer
/// and direction appended as nn.GRU's: <c>weight_ih_l0_reverse</c>.
/// </summary>
public sealed class MinGru : HiddenStateModule
{
    /// <inheritdoc cref="Lstm.Lstm(long, long, long, bool, bool, double, bool, Device?, ScalarType?)"/>
    public MinGru(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private MinGru(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(MinGru), layout, [.. layout.Positions().Select(at =>
            new MinGruCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))])
    {
    }

    /// <inheritdoc/>
    public override MinGru Clone() => Copied((layout, bias) => new MinGru(layout, bias, null, null));
}
