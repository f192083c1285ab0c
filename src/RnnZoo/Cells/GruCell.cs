using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The gated recurrent unit, as nn.GRUCell; p_t, q_t and the rows of the weights join the blocks r, z, n:
/// <code>
/// forward
/// (1)  q_t = W_hh h_{t-1} + b_hh,   m_t = q^n_t,   p_t = W_ih x_t + b_ih
/// (2)  r_t = σ(p^r_t + q^r_t),  z_t = σ(p^z_t + q^z_t)
/// (3)  n_t = tanh(p^n_t + r_t m_t)
/// (4)  h_t = (1 - z_t) n_t + z_t h_{t-1}
/// backward
/// (5)  dn_t = dh_t (1 - z_t),   dz_t = dh_t (h_{t-1} - n_t)
/// (6)  dp^n_t = dn_t (1 - n_t²)
/// (7)  dq^n_t = dp^n_t r_t,   dr_t = dp^n_t m_t
/// (8)  dp^r_t = dq^r_t = dr_t (r_t - r_t²),   dp^z_t = dq^z_t = dz_t (z_t - z_t²)
/// (9)  dh_t(direct) = dh_t z_t
/// Jacobian; W_r, W_z, W_n are the blocks of W_hh, r' = r - r² and so for z, n' = 1 - n²
/// (10) ∂n/∂h_{t-1} = diag(n') (diag(r) W_n + diag(m r') W_r)
/// (11) ∂h_t/∂h_{t-1} = diag(z) + diag((h_{t-1} - n) z') W_z + diag(1 - z) ∂n/∂h_{t-1}
/// </code>
/// Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; as in cuDNN and PyTorch, r_t
/// multiplies the recurrent product with its bias b_hn, and z_t weighs the old state. Kept besides h: r, z, n, m.
/// <para>Memory: In (11) diag(z) stands beside the ways through W_hh: where z is near 1, h and its gradient stay.</para>
/// <para>Limits: h is both memory and output: what is kept is shown, and every entry is a mean of values within ±1, so it
/// cannot count far.</para>
/// </summary>
public sealed class GruCell : GatedCell
{
    private static readonly string[] GateNames = ["r", "z", "n"];

    /// <summary>Makes a cell with PyTorch's default initialisation, U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public GruCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(GruCell), inputSize, hiddenSize, GateNames, bias, device, dtype)
    {
    }

    internal GruCell(long inputSize, long hiddenSize, CellWeights weights)
        : base(nameof(GruCell), inputSize, hiddenSize, GateNames, weights)
    {
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    /// <summary>One checked step without hooks; arguments and result as in <see cref="call"/>.</summary>
    public Tensor forward(Tensor input, Tensor? h0 = null) => forward(input, RecurrentState.Of(h0)).Hidden;

    internal override CellKind? Kernel => CellKind.Gru;

    internal override int KeptParts => 4;

    // b_hh stands in q_t: b_hn is inside the product with r_t.
    internal override OnnxOperator Operator => new("GRU", ["z", "r", "n"]);

    internal override StepValue Project(StepValue x, StepWeights weights) => x.Product(weights.InputWeight, weights.InputBias); // [T, B, 3H]

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var h = before[0]; // [B, H]
        var q = weights.Seen(h).Product(weights.HiddenWeight!, weights.HiddenBias); // [B, 3H] (1)
        var (ps, qs) = (p.Split(2 * HiddenSize, HiddenSize), q.Split(2 * HiddenSize, HiddenSize)); // [B, 2H] and [B, H] each
        var gates = (ps[0] + qs[0]).Sigmoid().Split(2); // 2 × [B, H] (2)
        var (r, z, m) = (gates[0], gates[1], qs[1]); // [B, H]
        var n = (ps[1] + (r * m)).Tanh(); // [B, H] (3)
        return new CellStep([n + (z * (h - n))], r, z, n, m); // [B, H] (4)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (r, z, n, m) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var dN = Term("gru (5) dn: dh", dH) - Term("gru (5) dn: dh z", dH * z); // [B, H] (5)
        var dZ = dH * (Term("gru (5) dz: h", tape.Before[0]) - Term("gru (5) dz: n", n)); // [B, H] (5)
        var dPn = dN * TanhSlope("gru (6)", n); // [B, H] (6)
        var dQn = Term("gru (7) dq", dPn * r); // [B, H] (7)
        var dR = Term("gru (7) dr", dPn * m); // [B, H] (7)
        var dPr = dR * SigmoidSlope("gru (8) r", r); // [B, H] (8)
        var dPz = dZ * SigmoidSlope("gru (8) z", z); // [B, H] (8)
        var direct = Term("gru (9)", dH * z); // [B, H] (9)
        return new StepFlow(dPr.Join(dPz, dPn), dPr.Join(dPz, dQn), DHDirect: direct); // [B, 3H] each
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var kept = ForwardStep(ProjectInput(x), before, Weights()).Kept;
        var (r, z, n, m) = (kept[0], kept[1], kept[2], kept[3]); // [B, H]
        var w = weight_hh.chunk(3, 0); // 3 × [H, H]
        var nByH = Scaled(TanhSlope(n), Scaled(r, w[2]).Plus(Scaled(m.mul(SigmoidSlope(r)), w[0]))); // [B, H, H] (10)
        return diag_embed(z)
            .Plus(Scaled(before.Hidden.sub(n).mul(SigmoidSlope(z)), w[1]))
            .Plus(Scaled(ones_like(z).sub(z), nByH)); // [B, H, H] (11)
    }
}
