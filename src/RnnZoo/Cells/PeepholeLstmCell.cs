using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The LSTM cell with peepholes: each gate also sees, of c, its own unit; blocks in the order i, f, g, o:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  i_t = σ(z^i_t + w_ci c_{t-1}),  f_t = σ(z^f_t + w_cf c_{t-1}),  g_t = tanh(z^g_t)
/// (3)  c_t = f_t c_{t-1} + i_t g_t
/// (4)  o_t = σ(z^o_t + w_co c_t)
/// (5)  h_t = o_t tanh(c_t)
/// backward
/// (6)  dz^o_t = dh_t tanh(c_t) (o_t - o_t²)
/// (7)  dc_t(hidden) = dh_t o_t (1 - tanh²(c_t)) + w_co dz^o_t
/// (8)  dc_t = dc_t(hidden) + dc_t(future)
/// (9)  di_t = dc_t g_t,  df_t = dc_t c_{t-1},  dg_t = dc_t i_t
/// (10) dz^i_t = di_t (i_t - i_t²),  dz^f_t = df_t (f_t - f_t²),  dz^g_t = dg_t (1 - g_t²)
/// (11) dc_{t-1}(future) = dc_t f_t + w_ci dz^i_t + w_cf dz^f_t
/// (12) dp_t = dq_t = dz_t
/// backward, for all t at once; over the batch too
/// (13) dw_ci = Σ_t dz^i_t c_{t-1},  dw_cf = Σ_t dz^f_t c_{t-1},  dw_co = Σ_t dz^o_t c_t
/// Jacobian of [h, c]; W_i, W_f, W_g, W_o are the blocks of W_hh, i' = i - i² and so for f and o, g' = 1 - g²
/// (14) m = ∂h_t/∂c_t = o (1 - tanh²(c_t)) + tanh(c_t) o' w_co
/// (15) ∂c_t/∂c_{t-1} = diag(f + g i' w_ci + c_{t-1} f' w_cf)
/// (16) ∂c_t/∂h_{t-1} = diag(g i') W_i + diag(c_{t-1} f') W_f + diag(i g') W_g
/// (17) ∂h_t/∂c_{t-1} = diag(m) ∂c_t/∂c_{t-1}
/// (18) ∂h_t/∂h_{t-1} = diag(tanh(c_t) o') W_o + diag(m) ∂c_t/∂h_{t-1}
/// (19) J_t = [ (18) (17) ]
///            [ (16) (15) ]
/// </code>
/// Source: F. Gers and J. Schmidhuber, "Recurrent nets that time and count", 2000, for the peepholes; A. Graves, "Generating
/// sequences with recurrent neural networks", 2013, equations 7 to 11, for this form, with tanh of both g and c. The first
/// let no gradient back through the peepholes; here it is whole. On its way back c meets, beside f, two slopes and their
/// peepholes (11). Kept besides h and c: i, f, g, o.
/// <para>Memory: (15) is the way back along c: f, and beside it the slopes of the gates that see c, by which a unit opens or
/// shuts at a value of its own.</para>
/// <para>Limits: A gate sees, of c, its own unit alone. By those slopes a factor of (15) may exceed 1, as an LSTM's f does
/// not.</para>
/// </summary>
/// <remarks>
/// Beside the four parameters of an LSTM: weight_ci, weight_cf and weight_co [H], the diagonals of Graves's W_ci, W_cf and
/// W_co; TensorFlow 1 has them as w_i_diag, w_f_diag and w_o_diag, ONNX as P, joined in the order i, o, f. All begin as the
/// parameters of nn.LSTM do, from U(±1/√H).
/// </remarks>
public sealed class PeepholeLstmCell : GatedCell
{
    private static readonly string[] GateNames = ["i", "f", "g", "o"];

    /// <summary>Makes a cell.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public PeepholeLstmCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(PeepholeLstmCell), inputSize, hiddenSize, GateNames, bias, device, dtype)
    {
        StateSizes = [hiddenSize, hiddenSize];
        weight_ci = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize);
        weight_cf = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize);
        weight_co = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize);
    }

    /// <summary>H for h, H for c.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>What the input gate sees of c_{t-1} [H].</summary>
    public Parameter weight_ci
    {
        get => get_parameter(nameof(weight_ci))!;
        set => Replace(nameof(weight_ci), value, HiddenSize);
    }

    /// <summary>What the forget gate sees of c_{t-1} [H].</summary>
    public Parameter weight_cf
    {
        get => get_parameter(nameof(weight_cf))!;
        set => Replace(nameof(weight_cf), value, HiddenSize);
    }

    /// <summary>What the output gate sees of c_t [H].</summary>
    public Parameter weight_co
    {
        get => get_parameter(nameof(weight_co))!;
        set => Replace(nameof(weight_co), value, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0_c0">h and c, each [B, H], or [H]; zeros if null.</param>
    /// <returns>h and c, each [B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(h0_c0)))!.Value;

    internal override IReadOnlyList<Tensor> Further => [weight_ci, weight_cf, weight_co];

    internal override int KeptParts => 4;

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) =>
        [(nameof(weight_ci), [hidden]), (nameof(weight_cf), [hidden]), (nameof(weight_co), [hidden])];

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var (w, cBefore) = (weights.Further, before[1]); // 3 × [H], [B, H]
        var z = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p).Split(4); // 4 × [B, H] (1)
        var (i, f, g) = ((z[0] + (cBefore * w[0])).Sigmoid(), (z[1] + (cBefore * w[1])).Sigmoid(), z[2].Tanh()); // [B, H] (2)
        var c = (f * cBefore) + (i * g); // [B, H] (3)
        c = tapCell is null ? c : tapCell(c);
        var o = (z[3] + (c * w[2])).Sigmoid(); // [B, H] (4)
        return new CellStep([o * c.Tanh(), c], i, f, g, o); // [B, H] (5)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (i, f, g, o) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var (w, tanhC) = (tape.Weights.Further, tape.After[1].Tanh()); // 3 × [H], [B, H]
        var dZo = Term("peephole-lstm (6)", dH * tanhC) * SigmoidSlope("peephole-lstm (6) o", o); // [B, H] (6)
        var throughTanh = Term("peephole-lstm (7) through tanh", dH * o) * TanhSlope("peephole-lstm (7)", tanhC); // [B, H] (7)
        var dCFromHidden = throughTanh + Term("peephole-lstm (7) through o", dZo * w[2]); // [B, H] (7)
        var dC = Term("peephole-lstm (8) from hidden", dCFromHidden) + Term("peephole-lstm (8) from future", dCFromFuture!); // [B, H] (8)
        (dC, dCFromHidden) = tape.GoesOn(dC, dCFromHidden, dCFromFuture!);
        var dI = Term("peephole-lstm (9) di", dC * g); // [B, H] (9)
        var dF = Term("peephole-lstm (9) df", dC * tape.Before[1]); // [B, H] (9)
        var dG = Term("peephole-lstm (9) dg", dC * i); // [B, H] (9)
        var dZi = dI * SigmoidSlope("peephole-lstm (10) i", i); // [B, H] (10)
        var dZf = dF * SigmoidSlope("peephole-lstm (10) f", f); // [B, H] (10)
        var dZg = dG * TanhSlope("peephole-lstm (10) g", g); // [B, H] (10)
        var dCBefore = Term("peephole-lstm (11) through c", dC * f)
            + Term("peephole-lstm (11) through i", dZi * w[0])
            + Term("peephole-lstm (11) through f", dZf * w[1]); // [B, H] (11)
        var dZ = dZi.Join(dZf, dZg, dZo); // [B, 4H]
        var sums = (Term("peephole-lstm (13) dw_ci", dZi) * tape.Before[1]).Join(
            Term("peephole-lstm (13) dw_cf", dZf) * tape.Before[1],
            Term("peephole-lstm (13) dw_co", dZo) * tape.After[1]); // [B, 3H] (13)
        return new StepFlow(dZ, dZ, DCBefore: dCBefore, DCFromHidden: dCFromHidden, DSums: sums); // (12)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk) =>
        walk.Sums(HiddenSize, HiddenSize, HiddenSize); // [H] × 3 (13)

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var (after, kept) = ForwardStep(ProjectInput(x), before, Weights());
        var (i, f, g, o, tanhC) = (kept[0], kept[1], kept[2], kept[3], after.Cell.tanh()); // [B, H]
        var (byI, byF, byO) = (g.mul(SigmoidSlope(i)), before.Cell.mul(SigmoidSlope(f)), tanhC.mul(SigmoidSlope(o))); // [B, H]: by what σ is taken of
        var w = weight_hh.chunk(4, 0); // 4 × [H, H]
        var hByC = o.mul(TanhSlope(tanhC)).Plus(byO.mul(weight_co)); // [B, H] (14)
        var cByC = f.Plus(byI.mul(weight_ci)).Plus(byF.mul(weight_cf)); // [B, H] (15)
        var cByH = Scaled(byI, w[0]).Plus(Scaled(byF, w[1])).Plus(Scaled(i.mul(TanhSlope(g)), w[2])); // [B, H, H] (16)
        var hByH = Scaled(byO, w[3]).Plus(Scaled(hByC, cByH)); // [B, H, H] (18)
        var upper = cat([hByH, diag_embed(hByC.mul(cByC))], 2); // [B, H, 2H] (18) (17)
        var lower = cat([cByH, diag_embed(cByC)], 2); // [B, H, 2H] (16) (15)
        return cat([upper, lower], 1); // [B, 2H, 2H] (19)
    }

    internal override void ResetOwn(Generator? generator)
    {
        foreach (var peephole in Further)
        {
            GateBlocks.Uniform(peephole, 1 / Math.Sqrt(HiddenSize), generator);
        }
    }
}
