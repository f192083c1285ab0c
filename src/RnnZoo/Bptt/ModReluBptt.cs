using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The step of an orthogonal net and its derivative:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1}
/// (2)  h_t = modReLU(z_t; b) = sign(z_t) max(|z_t| + b, 0)
/// backward
/// (3)  dz_t = dh_t [h_t ≠ 0]
/// (4)  dp_t = dq_t = dz_t
/// (5)  db = Σ_t dz_t sign(h_t)
/// </code>
/// Products of vectors are element by element, and (5) sums over the batch too. Where |z_t| + b is above zero, h_t has z_t's
/// sign and z_t's slope, else both derivatives are 0; so they are at the kink |z_t| = -b, and at z_t = 0, where h_t jumps if
/// b is above zero: h_t = 0 in every such case, and nothing is kept besides h. Source: M. Arjovsky, A. Shah and Y. Bengio,
/// "Unitary evolution recurrent neural networks", 2016, equation 8, over the reals. That W_hh is orthogonal is the cell's
/// doing: its gradient goes on to what it is made of (<see cref="OrthogonalCell"/>).
/// </summary>
public sealed class ModReluBptt : LayerBptt
{
    /// <summary>The equations; <see cref="LayerWeights.Further"/> is b [H] alone, and there are no other biases.</summary>
    public ModReluBptt() : this(null)
    {
    }

    internal ModReluBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 1;

    /// <inheritdoc/>
    public override int StateParts => 1;

    private protected override int KeptParts => 0;

    /// <summary>modReLU(z; b), on the tape if z or b is.</summary>
    /// <param name="z">[B, H].</param>
    /// <param name="bias">b [H].</param>
    internal static Tensor ModRelu(Tensor z, Tensor bias) => z.sign().mul(z.abs().add(bias).relu()); // [B, H] (2)

    private protected override (string Name, long[] Shape)[] FurtherShapes(LayerWeights weights) => [("b", [weights.HiddenSize])];

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var z = p.addmm(before.Hidden, weights.HiddenWeight!.t()); // [B, H] (1)
        return (new RecurrentState(ModRelu(z, weights.Further[0])), []); // (2)
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var h = tape.After.Hidden; // [B, H]
        var dZ = Term("modrelu (3)", dH.mul(h.ne(0).to(h.dtype))); // [B, H] (3)
        return new StepFlow(dZ, dZ, DFurther: Term("modrelu (5)", dZ.mul(h.sign()))); // (4) (5)
    }

    private protected override (Tensor DProduct, Tensor[]? Further) AcrossSteps(LayerTape tape, BackwardWalk walk) =>
        (walk.DProjected, [Rows(walk.DFurther!).sum(dim: 0)]); // [H] (5)
}
