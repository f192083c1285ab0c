using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An LSTM with layer normalisation, used as nn.LSTM is. Equations and parameters in <see cref="LayerNormLstmCell"/>; each
/// key has the layer and direction appended as nn.LSTM's: <c>weight_ln_ih_l0_reverse</c>.
/// </summary>
public sealed class LayerNormLstm : RecurrentModule<(Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
{
    /// <summary>Makes the net.</summary>
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
    public LayerNormLstm(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private LayerNormLstm(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(LayerNormLstm), layout, [.. layout.Positions().Select(at =>
            new LayerNormLstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))], native: null)
    {
    }

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="h0_c0">h_0 and c_0, each [L·D, B, H]; zeros if null.</param>
    /// <returns>Output [T, B, D·H] (or [B, T, D·H]), h_n and c_n [L·D, B, H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);

    /// <summary>Runs a sequence without hooks; arguments and results as in <see cref="call"/>.</summary>
    public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
    {
        var (output, state) = Forward(input, StateTuples.From(h0_c0));
        return (output, state.Hidden, state.Cell);
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null)
    {
        var (output, h, c) = call(input, StateTuples.Two(state));
        return new RecurrentResult(output, new RecurrentState(h, c));
    }
}
