using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The GRU's step and its derivative; p_t and q_t join the blocks r, z, n:
/// <code>
/// forward
/// (1)  q_t = W_hh h_{t-1} + b_hh,   m_t = q^n_t
/// (2)  r_t = σ(p^r_t + q^r_t),  z_t = σ(p^z_t + q^z_t)
/// (3)  n_t = tanh(p^n_t + r_t m_t)
/// (4)  h_t = (1 - z_t) n_t + z_t h_{t-1}
/// backward
/// (5)  dn_t = dh_t (1 - z_t),   dz_t = dh_t h_{t-1} - dh_t n_t
/// (6)  dp^n_t = dn_t (1 - n_t²)
/// (7)  dq^n_t = dp^n_t r_t,   dr_t = dp^n_t m_t
/// (8)  dp^r_t = dq^r_t = dr_t (r_t - r_t²),   dp^z_t = dq^z_t = dz_t (z_t - z_t²)
/// (9)  dh_t(direct) = dh_t z_t
/// </code>
/// Products of vectors are element by element. Source: K. Cho et al., "Learning phrase representations using RNN
/// encoder-decoder", 2014; as in cuDNN and PyTorch, r_t multiplies the recurrent product with its bias b_hn, and z_t
/// weighs the old state. Kept besides h: r, z, n, m.
/// </summary>
public sealed class GruBptt : LayerBptt
{
    /// <summary>The equations.</summary>
    public GruBptt() : this(null)
    {
    }

    internal GruBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 3;

    /// <inheritdoc/>
    public override int StateParts => 1;

    private protected override int KeptParts => 4;

    // b_hh stands inside the product with r_t.
    private protected override Tensor? ProjectedBias(LayerWeights weights) => weights.InputBias;

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var (h, weight) = (before.Hidden, weights.HiddenWeight!.t()); // [B, H], [H, 3H]
        var ps = p.chunk(3, 1); // 3 × [B, H]
        var qs = (weights.HiddenBias is { } bias ? bias.addmm(h, weight) : h.mm(weight)).chunk(3, 1); // 3 × [B, H] (1)
        var r = ps[0].add(qs[0]).sigmoid(); // [B, H] (2)
        var z = ps[1].add(qs[1]).sigmoid(); // [B, H] (2)
        var n = ps[2].add(r.mul(qs[2])).tanh(); // [B, H] (3)
        var next = n.add(z.mul(h.sub(n))); // [B, H] (4)
        return (new RecurrentState(next), [r, z, n, qs[2]]);
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var (r, z, n, m) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var dN = Term("gru (5) dn: dh", dH).sub(Term("gru (5) dn: dh z", dH.mul(z))); // [B, H] (5)
        var dZ = Term("gru (5) dz: dh h", dH.mul(tape.Before.Hidden)).sub(Term("gru (5) dz: dh n", dH.mul(n))); // [B, H] (5)
        var dPn = dN.mul(TanhSlope("gru (6)", n)); // [B, H] (6)
        var dQn = Term("gru (7) dq", dPn.mul(r)); // [B, H] (7)
        var dR = Term("gru (7) dr", dPn.mul(m)); // [B, H] (7)
        var dPr = dR.mul(SigmoidSlope("gru (8) r", r)); // [B, H] (8)
        var dPz = dZ.mul(SigmoidSlope("gru (8) z", z)); // [B, H] (8)
        var direct = Term("gru (9)", dH.mul(z)); // [B, H] (9)
        return new StepFlow(cat([dPr, dPz, dPn], 1), cat([dPr, dPz, dQn], 1), DHDirect: direct); // [B, 3H] each
    }
}
