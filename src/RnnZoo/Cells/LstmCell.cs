using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The LSTM cell with forget gate, as nn.LSTMCell; blocks in the order i, f, g, o:
/// <code>
/// (1)  i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)
/// (2)  f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)
/// (3)  g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
/// (4)  o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)
/// (5)  c_t = f_t c_{t-1} + i_t g_t
/// (6)  h_t = o_t tanh(c_t)
/// </code>
/// Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; F. Gers, J. Schmidhuber and F. Cummins,
/// "Learning to forget", 2000; parameters as in PyTorch.
/// </summary>
public sealed class LstmCell : GatedCell
{
    private static readonly string[] GateNames = ["i", "f", "g", "o"];

    /// <summary>Makes a cell with PyTorch's default initialisation, U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public LstmCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(LstmCell), inputSize, hiddenSize, GateNames, bias, device, dtype) => StateSizes = [hiddenSize, hiddenSize];

    internal LstmCell(long inputSize, long hiddenSize, CellWeights weights)
        : base(nameof(LstmCell), inputSize, hiddenSize, GateNames, weights) => StateSizes = [hiddenSize, hiddenSize];

    /// <summary>H for h, H for c.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>One checked step.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="h_c">h [B, H] and c [B, H]; zeros if null.</param>
    /// <returns>h [B, H] and c [B, H].</returns>
    public (Tensor, Tensor) call(Tensor x, (Tensor, Tensor)? h_c = null)
    {
        var next = call(x, h_c is var (h, c) ? new RecurrentState(h, c) : null)!;
        return (next.Hidden, next.Cell);
    }

    private protected override RecurrentState AdvanceGated(Tensor projected, RecurrentState state, Tensor hiddenWeight, Func<Tensor, Tensor>? tapCell)
    {
        var gates = projected.addmm(state.Hidden, hiddenWeight.t()).chunk(4, 1); // 4 × [B, H]
        var i = gates[0].sigmoid(); // [B, H] (1)
        var f = gates[1].sigmoid(); // [B, H] (2)
        var g = gates[2].tanh(); // [B, H] (3)
        var o = gates[3].sigmoid(); // [B, H] (4)
        var c = f.mul(state.Cell).add(i.mul(g)); // [B, H] (5)
        c = tapCell is null ? c : tapCell(c);
        return new RecurrentState(o.mul(c.tanh()), c); // [B, H] (6)
    }
}
