using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The vanilla cell, as nn.RNNCell:
/// <code>
/// (1)  z_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
/// (2)  h_t = φ(z_t),   φ = tanh, ReLU or the identity
/// </code>
/// Source: J. L. Elman, "Finding structure in time", 1990; parameters as in PyTorch.
/// </summary>
public sealed class ElmanCell : GatedCell
{
    private static readonly string[] GateNames = ["h"];

    /// <summary>Makes a cell with PyTorch's default initialisation, U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or the activation is unknown.</exception>
    public ElmanCell(long inputSize, long hiddenSize, Activation activation = Activation.Tanh, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(ElmanCell), inputSize, hiddenSize, GateNames, bias, device, dtype) =>
        Activation = Check.Known(activation, nameof(activation));

    internal ElmanCell(long inputSize, long hiddenSize, Activation activation, CellWeights weights)
        : base(nameof(ElmanCell), inputSize, hiddenSize, GateNames, weights) => Activation = activation;

    /// <summary>φ.</summary>
    public Activation Activation { get; }

    /// <summary>One checked step.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="h">[B, H]; zeros if null.</param>
    /// <returns>[B, H].</returns>
    public Tensor call(Tensor x, Tensor? h = null) => call(x, h is null ? null : new RecurrentState(h))!.Hidden;

    private protected override RecurrentState AdvanceGated(Tensor projected, RecurrentState state, Tensor hiddenWeight, Func<Tensor, Tensor>? tapCell)
    {
        var z = projected.addmm(state.Hidden, hiddenWeight.t()); // [B, H] (1)
        return new RecurrentState(Activation switch // [B, H] (2)
        {
            Activation.Tanh => z.tanh(),
            Activation.Relu => z.relu(),
            _ => z,
        });
    }
}
