using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The vanilla net's step and its derivative:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1}
/// (2)  h_t = φ(z_t)
/// backward
/// (3)  dz_t = dh_t φ'(z_t)      φ' = 1 - h_t² for tanh, [h_t &gt; 0] for ReLU, 1 for the identity
/// (4)  dp_t = dq_t = dz_t
/// </code>
/// Products of vectors are element by element. Source: J. L. Elman, "Finding structure in time", 1990; with (3) in the
/// loop of <see cref="LayerBptt"/>, ∂h_t/∂h_{t-1} = diag(φ'(z_t)) W_hh. Nothing is kept besides h.
/// </summary>
public sealed class ElmanBptt : LayerBptt
{
    /// <summary>The equations with the given φ.</summary>
    /// <param name="activation">φ.</param>
    /// <exception cref="ArgumentException">The activation is unknown.</exception>
    public ElmanBptt(Activation activation = Activation.Tanh) : this(activation, null)
    {
    }

    internal ElmanBptt(Activation activation, TermHook? hook) : base(hook) => Activation = Check.Known(activation, nameof(activation));

    /// <summary>φ.</summary>
    public Activation Activation { get; }

    /// <inheritdoc/>
    public override int Gates => 1;

    /// <inheritdoc/>
    public override int StateParts => 1;

    private protected override int KeptParts => 0;

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var z = p.addmm(before.Hidden, weights.HiddenWeight!.t()); // [B, H] (1)
        var h = Activation switch // [B, H] (2)
        {
            Activation.Tanh => z.tanh(),
            Activation.Relu => z.relu(),
            _ => z,
        };
        return (new RecurrentState(h), []);
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var h = tape.After.Hidden; // [B, H]
        var dZ = Term("elman (3)", Activation switch // [B, H] (3)
        {
            Activation.Tanh => dH.mul(TanhSlope("elman (3)", h)),
            Activation.Relu => dH.mul(h.gt(0).to(h.dtype)),
            _ => dH,
        });
        return new StepFlow(dZ, dZ); // (4)
    }
}
