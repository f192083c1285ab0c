using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The gated recurrent unit, as nn.GRUCell; blocks in the order r, z, n:
/// <code>
/// (1)  r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
/// (2)  z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
/// (3)  n_t = tanh(W_in x_t + b_in + r_t (W_hn h_{t-1} + b_hn))
/// (4)  h_t = (1 - z_t) n_t + z_t h_{t-1}
/// </code>
/// Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; r_t applied after the
/// recurrent product, and parameters, as in PyTorch.
/// </summary>
public sealed class GruCell : GatedCell
{
    private static readonly string[] GateNames = ["r", "z", "n"];

    /// <summary>Makes a cell with PyTorch's default initialisation, U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public GruCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(GruCell), inputSize, hiddenSize, GateNames, bias, device, dtype)
    {
    }

    internal GruCell(long inputSize, long hiddenSize, CellWeights weights)
        : base(nameof(GruCell), inputSize, hiddenSize, GateNames, weights)
    {
    }

    // b_hn stands inside the product with r_t, so the recurrent bias cannot be carried by the input part.
    private protected override Tensor? ProjectedBias => bias_ih;

    /// <summary>One checked step.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="h">[B, H]; zeros if null.</param>
    /// <returns>[B, H].</returns>
    public Tensor call(Tensor x, Tensor? h = null) => call(x, h is null ? null : new RecurrentState(h))!.Hidden;

    private protected override RecurrentState AdvanceGated(Tensor projected, RecurrentState state, Tensor hiddenWeight, Func<Tensor, Tensor>? tapCell)
    {
        var weight = hiddenWeight.t(); // [H, 3H]
        var recurrent = bias_hh is { } bias ? bias.addmm(state.Hidden, weight) : state.Hidden.mm(weight); // [B, 3H]
        long[] blocks = [2 * HiddenSize, HiddenSize];
        var fromInput = projected.split(blocks, 1); // [B, 2H], [B, H]
        var fromHidden = recurrent.split(blocks, 1); // [B, 2H], [B, H]
        var gates = fromInput[0].add(fromHidden[0]).sigmoid().chunk(2, 1); // 2 × [B, H] (1) (2)
        var (r, z) = (gates[0], gates[1]);
        var n = fromInput[1].add(r.mul(fromHidden[1])).tanh(); // [B, H] (3)
        return new RecurrentState(n.add(z.mul(state.Hidden.sub(n)))); // [B, H] (4)
    }
}
