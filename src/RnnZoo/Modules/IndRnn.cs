using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An independently recurrent net (IndRNN) of L layers, whose units see only themselves over time and each other from layer
/// to layer; so give it two layers or more. Equations in <see cref="IndRnnCell"/>.
/// </summary>
/// <remarks>
/// Keys: <c>weight_ih_l0</c> [H, I], <c>weight_hh_l0</c> [H], <c>bias_ih_l0</c> [H], and so on as in nn.RNN. libtorch has no
/// such module.
/// </remarks>
public sealed class IndRnn : RecurrentModule<Tensor, (Tensor, Tensor)>
{
    /// <summary>Makes the net; initial values as in <see cref="IndRnnCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="recurrentBound">The largest |u| of every layer, as 2^(1/T) for sequences of T steps; null for none.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or the bound is not a number above 0.</exception>
    public IndRnn(long inputSize, long hiddenSize, long numLayers = 1, double? recurrentBound = null, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), recurrentBound, bias, device, dtype)
    {
    }

    private IndRnn(RecurrentLayout layout, double? recurrentBound, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(IndRnn), layout, [.. layout.Positions().Select(at => new IndRnnCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, recurrentBound, bias, device, dtype))], native: null) =>
        RecurrentBound = recurrentBound;

    /// <summary>The largest |u|, or null.</summary>
    public double? RecurrentBound { get; }

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="h0">[L·D, B, H]; zeros if null.</param>
    /// <returns>Output [T, B, D·H] (or [B, T, D·H]) and h_n [L·D, B, H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => base.call(input, h0!);

    /// <summary>Runs a sequence without hooks; arguments and results as in <see cref="call"/>.</summary>
    public override (Tensor, Tensor) forward(Tensor input, Tensor? h0 = null)
    {
        var (output, state) = Forward(input, h0 is null ? null : new RecurrentState(h0));
        return (output, state.Hidden);
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null)
    {
        var (output, h) = call(input, StateTuples.One(state));
        return new RecurrentResult(output, new RecurrentState(h));
    }
}
