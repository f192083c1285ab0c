using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The minGRU cell, whose gate and candidate see the input alone; blocks in the order z, h, p_t joins z_t and g_t:
/// <code>
/// forward
/// (1)  z_t = σ(W_iz x_t + b_iz),   g_t = W_ih x_t + b_ih      for all t at once; g is h̃ in the paper
/// (2)  h_t = (1 - z_t) h_{t-1} + z_t g_t
/// backward; da_t for z_t = σ(a_t)
/// (3)  dz_t = dh_t (g_t - h_{t-1}),   dg_t = dh_t z_t
/// (4)  da_t = dz_t (z_t - z_t²)
/// (5)  dh_t(direct) = dh_t - dh_t z_t
/// Jacobian
/// (6)  ∂h_t/∂h_{t-1} = diag(1 - z_t)
/// </code>
/// Source: L. Feng et al., "Were RNNs all we needed?", 2024: a GRU without reset gate, without tanh and without W_hh. All
/// products are taken for the whole sequence at once, and each entry of h is a running mean of its own: one layer mixes
/// nothing over time, so stacks of two and more are usual. By (6) an entry of the gradient shrinks by 1 - z_t, between 0
/// and 1, and can vanish but never explode. Kept besides h: z, g.
/// <para>Memory: By (6), diag(1 - z), a unit keeps what its gate does not overwrite, and that gate is set by the input
/// alone.</para>
/// <para>Limits: A layer cannot decide by what it has stored, and mixes no units over time. No factor is below 0, so a state
/// that flips with the input, such as parity, is out of reach over long sequences.</para>
/// </summary>
/// <remarks>Parameters: weight_ih [2H, I] and bias_ih [2H]; there are no weight_hh and bias_hh.</remarks>
public sealed class MinGruCell : EquationCell
{
    private static readonly string[] GateNames = ["z", "h"];

    /// <summary>Makes a cell with the initialisation of nn.Linear, U(±1/√I).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public MinGruCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(MinGruCell), inputSize, hiddenSize, GateNames)
    {
        weight_ih = Draw(1 / Math.Sqrt(inputSize), dtype, device, 2 * hiddenSize, inputSize);
        bias_ih = bias ? Draw(1 / Math.Sqrt(inputSize), dtype, device, 2 * hiddenSize) : null;
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override bool HasHiddenWeight => false;

    internal override Tensor? RecurrentWeight => null;

    internal override int KeptParts => 2;

    internal override StepValue Project(StepValue x, StepWeights weights)
    {
        var blocks = x.Product(weights.InputWeight, weights.InputBias).Split(2); // 2 × [T, B, H]
        return blocks[0].Sigmoid().Join(blocks[1]); // [T, B, 2H] (1)
    }

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var blocks = p.Split(2); // 2 × [B, H]
        var (z, g, h) = (blocks[0], blocks[1], before[0]); // [B, H]
        return new CellStep([h + (z * (g - h))], z, g); // [B, H] (2)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (z, g) = (tape.Kept[0], tape.Kept[1]); // [B, H]
        var dZ = dH * (Term("mingru (3) dz: g", g) - Term("mingru (3) dz: h", tape.Before[0])); // [B, H] (3)
        var dG = Term("mingru (3) dg", dH * z); // [B, H] (3)
        var dA = dZ * SigmoidSlope("mingru (4)", z); // [B, H] (4)
        var direct = Term("mingru (5): dh", dH) - Term("mingru (5): dh z", dH * z); // [B, H] (5)
        var dP = dA.Join(dG); // [B, 2H]: by what σ is taken of, which the products with W_ih need
        return new StepFlow(dP, dP, DHDirect: direct);
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var z = ProjectInput(x).narrow(1, 0, HiddenSize); // [B, H] (1)
        return diag_embed(ones_like(z).sub(z)); // [B, H, H] (6)
    }
}
