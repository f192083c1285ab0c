using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The LSTM's step and its derivative; z_t joins the blocks i, f, g, o:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1}
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
/// </code>
/// Products of vectors are element by element. Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997;
/// F. Gers, J. Schmidhuber and F. Cummins, "Learning to forget", 2000, for f. In (9) stands the reason for the cell: on
/// its way back c meets f alone, no weights and no slope. Kept besides h and c: i, f, g, o.
/// </summary>
public sealed class LstmBptt : LayerBptt
{
    /// <summary>The equations.</summary>
    public LstmBptt() : this(null)
    {
    }

    internal LstmBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 4;

    /// <inheritdoc/>
    public override int StateParts => 2;

    private protected override int KeptParts => 4;

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var z = p.addmm(before.Hidden, weights.HiddenWeight!.t()).chunk(4, 1); // 4 × [B, H] (1)
        var (i, f, g, o) = (z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()); // [B, H] (2)
        var c = f.mul(before.Cell).add(i.mul(g)); // [B, H] (3)
        var h = o.mul(c.tanh()); // [B, H] (4)
        return (new RecurrentState(h, c), [i, f, g, o]);
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var (i, f, g, o) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var tanhC = tape.After.Cell.tanh(); // [B, H]
        var dCFromHidden = dH.mul(o).mul(TanhSlope("lstm (5)", tanhC)); // [B, H] (5)
        var dC = Term("lstm (6) from hidden", dCFromHidden).add(Term("lstm (6) from future", dCFromFuture!)); // [B, H] (6)
        var dI = Term("lstm (7) di", dC.mul(g)); // [B, H] (7)
        var dF = Term("lstm (7) df", dC.mul(tape.Before.Cell)); // [B, H] (7)
        var dG = Term("lstm (7) dg", dC.mul(i)); // [B, H] (7)
        var dO = Term("lstm (7) do", dH.mul(tanhC)); // [B, H] (7)
        Tensor[] blocks =
        [
            dI.mul(SigmoidSlope("lstm (8) i", i)), // [B, H] (8)
            dF.mul(SigmoidSlope("lstm (8) f", f)), // [B, H] (8)
            dG.mul(TanhSlope("lstm (8) g", g)), // [B, H] (8)
            dO.mul(SigmoidSlope("lstm (8) o", o)), // [B, H] (8)
        ];
        var dCBefore = Term("lstm (9)", dC.mul(f)); // [B, H] (9)
        var dZ = cat(blocks, 1); // [B, 4H]
        return new StepFlow(dZ, dZ, DCBefore: dCBefore, DCFromHidden: dCFromHidden); // (10)
    }
}
