using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The LSTM cell with forget gate, as nn.LSTMCell; z_t, p_t and the rows of the weights join the blocks i, f, g, o:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  i_t = σ(z^i_t),  f_t = σ(z^f_t),  g_t = tanh(z^g_t),  o_t = σ(z^o_t)
/// (3)  c_t = f_t c_{t-1} + i_t g_t
/// (4)  h_t = o_t tanh(c_t)
/// backward
/// (5)  dc_t(hidden) = dh_t o_t (1 - tanh²(c_t))
/// (6)  dc_t = dc_t(hidden) + dc_t(future)
/// (7)  di_t = dc_t g_t,  df_t = dc_t c_{t-1},  dg_t = dc_t i_t,  do_t = dh_t tanh(c_t)
/// (8)  dz^i_t = di_t (i_t - i_t²),  dz^f_t = df_t (f_t - f_t²),  dz^g_t = dg_t (1 - g_t²),  dz^o_t = do_t (o_t - o_t²)
/// (9)  dc_{t-1}(future) = dc_t f_t
/// (10) dp_t = dq_t = dz_t
/// Jacobian of [h, c]; W_i, W_f, W_g, W_o are the blocks of W_hh, i' = i - i² and so for f and o, g' = 1 - g²
/// (11) ∂c_t/∂c_{t-1} = diag(f)
/// (12) ∂c_t/∂h_{t-1} = diag(g i') W_i + diag(c_{t-1} f') W_f + diag(i g') W_g
/// (13) ∂h_t/∂c_{t-1} = diag(o (1 - tanh²(c_t)) f)
/// (14) ∂h_t/∂h_{t-1} = diag(tanh(c_t) o') W_o + diag(o (1 - tanh²(c_t))) ∂c_t/∂h_{t-1}
/// (15) J_t = [ (14) (13) ]
///            [ (12) (11) ]
/// </code>
/// Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; F. Gers, J. Schmidhuber and F. Cummins,
/// "Learning to forget", 2000, for f; parameters as in PyTorch. In (9) stands the reason for the cell: on its way back c
/// meets f alone, no weights and no slope. Kept besides h and c: i, f, g, o.
/// <para>Memory: (11), diag(f), is the way back along c: what a gate near 1 keeps, it keeps for as long as it stays open, and
/// the net learns when.</para>
/// <para>Limits: With f near 1/2, as at PyTorch's start, half of a gradient is lost at every step: start it with forget-bias
/// or chrono. The gates do not see c, but what o lets through of it.</para>
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

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0_c0">h and c, each [B, H], or [H]; zeros if null.</param>
    /// <returns>h and c, each [B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(h0_c0)))!.Value;

    /// <summary>One checked step without hooks; arguments and result as in <see cref="call"/>.</summary>
    public (Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null) => RecurrentState.Two(forward(input, RecurrentState.Of(h0_c0)))!.Value;

    internal override CellKind? Kernel => CellKind.Lstm;

    internal override int KeptParts => 4;

    internal override OnnxOperator Operator => new("LSTM", ["i", "o", "f", "g"]);

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var z = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p).Split(4); // 4 × [B, H] (1)
        var (i, f, g, o) = (z[0].Sigmoid(), z[1].Sigmoid(), z[2].Tanh(), z[3].Sigmoid()); // [B, H] (2)
        var c = (f * before[1]) + (i * g); // [B, H] (3)
        c = tapCell is null ? c : tapCell(c);
        return new CellStep([o * c.Tanh(), c], i, f, g, o); // [B, H] (4)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (i, f, g, o) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var tanhC = tape.After[1].Tanh(); // [B, H]
        var dCFromHidden = dH * o * TanhSlope("lstm (5)", tanhC); // [B, H] (5)
        var dC = Term("lstm (6) from hidden", dCFromHidden) + Term("lstm (6) from future", dCFromFuture!); // [B, H] (6)
        (dC, dCFromHidden) = tape.GoesOn(dC, dCFromHidden, dCFromFuture!);
        var dI = Term("lstm (7) di", dC * g); // [B, H] (7)
        var dF = Term("lstm (7) df", dC * tape.Before[1]); // [B, H] (7)
        var dG = Term("lstm (7) dg", dC * i); // [B, H] (7)
        var dO = Term("lstm (7) do", dH * tanhC); // [B, H] (7)
        var dZi = dI * SigmoidSlope("lstm (8) i", i); // [B, H] (8)
        var dZf = dF * SigmoidSlope("lstm (8) f", f); // [B, H] (8)
        var dZg = dG * TanhSlope("lstm (8) g", g); // [B, H] (8)
        var dZo = dO * SigmoidSlope("lstm (8) o", o); // [B, H] (8)
        var dCBefore = Term("lstm (9)", dC * f); // [B, H] (9)
        var dZ = dZi.Join(dZf, dZg, dZo); // [B, 4H]
        return new StepFlow(dZ, dZ, DCBefore: dCBefore, DCFromHidden: dCFromHidden); // (10)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var (after, kept) = ForwardStep(ProjectInput(x), before, Weights());
        var (i, f, g, o, tanhC) = (kept[0], kept[1], kept[2], kept[3], after.Cell.tanh()); // [B, H]
        var w = weight_hh.chunk(4, 0); // 4 × [H, H]
        var cByH = Scaled(g.mul(SigmoidSlope(i)), w[0])
            .Plus(Scaled(before.Cell.mul(SigmoidSlope(f)), w[1]))
            .Plus(Scaled(i.mul(TanhSlope(g)), w[2])); // [B, H, H] (12)
        var hByC = o.mul(TanhSlope(tanhC)); // [B, H]: ∂h_t/∂c_t
        var hByH = Scaled(tanhC.mul(SigmoidSlope(o)), w[3]).Plus(Scaled(hByC, cByH)); // [B, H, H] (14)
        var upper = cat([hByH, diag_embed(hByC.mul(f))], 2); // [B, H, 2H] (14) (13)
        var lower = cat([cByH, diag_embed(f)], 2); // [B, H, 2H] (12) (11)
        return cat([upper, lower], 1); // [B, 2H, 2H] (15)
    }
}
