using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The step of the minGRU and its derivative; the input part joins the blocks z, g:
/// <code>
/// forward
/// (1)  z_t = σ(W_iz x_t + b_iz),   g_t = W_ih x_t + b_ih      for all t at once
/// (2)  h_t = h_{t-1} + z_t (g_t - h_{t-1})
/// backward
/// (3)  dz_t = dh_t g_t - dh_t h_{t-1},   dg_t = dh_t z_t
/// (4)  dp^z_t = dz_t (z_t - z_t²),   dp^g_t = dg_t
/// (5)  dh_t(direct) = dh_t - dh_t z_t
/// </code>
/// Products of vectors are element by element; there is no W_hh, so (5) is all that goes back in time: an entry of the
/// gradient shrinks by 1 - z_t, between 0 and 1, and can vanish but never explode. Source: L. Feng et al., "Were RNNs all
/// we needed?", 2024. Kept besides h: z, g. On the CPU <see cref="Kernels.MinGruKernel"/> does the same in one pass over memory.
/// </summary>
public sealed class MinGruBptt : LayerBptt
{
    /// <summary>The equations.</summary>
    public MinGruBptt() : this(null)
    {
    }

    internal MinGruBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 2;

    /// <inheritdoc/>
    public override int StateParts => 1;

    private protected override int KeptParts => 2;

    private protected override bool HasHiddenWeight => false;

    private protected override Tensor? ProjectedBias(LayerWeights weights) => weights.InputBias;

    private protected override Tensor Project(Tensor input, LayerWeights weights)
    {
        var blocks = base.Project(input, weights).chunk(2, 2); // 2 × [T, B, H]
        return cat([blocks[0].sigmoid(), blocks[1]], 2); // [T, B, 2H] (1)
    }

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var blocks = p.chunk(2, 1); // 2 × [B, H]
        var (z, g, h) = (blocks[0], blocks[1], before.Hidden); // [B, H]
        return (new RecurrentState(h.add(z.mul(g.sub(h)))), [z, g]); // [B, H] (2)
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var (z, g) = (tape.Kept[0], tape.Kept[1]); // [B, H]
        var dZ = Term("mingru (3) dz: dh g", dH.mul(g)).sub(Term("mingru (3) dz: dh h", dH.mul(tape.Before.Hidden))); // [B, H] (3)
        var dG = Term("mingru (3) dg", dH.mul(z)); // [B, H] (3)
        var dPz = dZ.mul(SigmoidSlope("mingru (4)", z)); // [B, H] (4)
        var direct = Term("mingru (5): dh", dH).sub(Term("mingru (5): dh z", dH.mul(z))); // [B, H] (5)
        var dP = cat([dPz, dG], 1); // [B, 2H] (4)
        return new StepFlow(dP, dP, DHDirect: direct);
    }
}
