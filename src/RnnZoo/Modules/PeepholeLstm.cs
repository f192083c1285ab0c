using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An LSTM whose gates also see c, used as nn.LSTM is. Equations and parameters in <see cref="PeepholeLstmCell"/>; each key
/// has the layer and direction appended as nn.LSTM's: <c>weight_ci_l0_reverse</c>.
/// </summary>
public sealed class PeepholeLstm : CellStateModule
{
    /// <inheritdoc cref="Lstm.Lstm(long, long, long, bool, bool, double, bool, Device?, ScalarType?)"/>
    public PeepholeLstm(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private PeepholeLstm(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(PeepholeLstm), layout, [.. layout.Positions().Select(at =>
            new PeepholeLstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))])
    {
    }

    /// <inheritdoc/>
    public override PeepholeLstm Clone() => Copied((layout, bias) => new PeepholeLstm(layout, bias, null, null));
}
