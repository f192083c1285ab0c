using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The step of an independently recurrent net and its derivative:
/// <code>
/// forward
/// (1)  z_t = p_t + u h_{t-1}
/// (2)  h_t = max(z_t, 0)
/// backward
/// (3)  dz_t = dh_t [h_t &gt; 0],   dp_t = dz_t
/// (4)  dh_t(direct) = u dz_t
/// (5)  du = Σ_t dz_t h_{t-1}
/// </code>
/// Products of vectors are element by element, and (5) sums over the batch too. Source: S. Li et al., "Independently
/// recurrent neural network (IndRNN)", 2018, equations 1 and 3; ∂h_t/∂h_{t-1} = diag([h_t &gt; 0] u). Nothing is kept besides h.
/// </summary>
public sealed class IndRnnBptt : LayerBptt
{
    /// <summary>The equations; <see cref="LayerWeights.Further"/> is u [H] alone, and there is no W_hh.</summary>
    public IndRnnBptt() : this(null)
    {
    }

    internal IndRnnBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 1;

    /// <inheritdoc/>
    public override int StateParts => 1;

    private protected override int KeptParts => 0;

    private protected override bool HasHiddenWeight => false;

    private protected override (string Name, long[] Shape)[] FurtherShapes(LayerWeights weights) => [("u", [weights.HiddenSize])];

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights) =>
        (new RecurrentState(p.add(weights.Further[0].mul(before.Hidden)).relu()), []); // [B, H] (1) (2)

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var h = tape.After.Hidden; // [B, H]
        var dZ = Term("indrnn (3)", dH.mul(h.gt(0).to(h.dtype))); // [B, H] (3)
        var direct = Term("indrnn (4)", dZ.mul(tape.Weights.Further[0])); // [B, H] (4)
        return new StepFlow(dZ, dZ, DHDirect: direct, DFurther: Term("indrnn (5)", dZ.mul(tape.Before.Hidden))); // (5)
    }

    private protected override (Tensor DProduct, Tensor[]? Further) AcrossSteps(LayerTape tape, BackwardWalk walk) =>
        (walk.DProjected, [Rows(walk.DFurther!).sum(dim: 0)]); // [H] (5)
}
