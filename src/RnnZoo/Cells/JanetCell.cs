using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The JANET cell, an LSTM of the forget gate alone, whose state is h = c; z_t, p_t and the rows of the weights join the blocks j, s:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  g_t = tanh(z^j_t),  f_t = σ(z^s_t),  i_t = σ(β - z^s_t) = 1 - σ(z^s_t - β)
/// (3)  h_t = f_t h_{t-1} + i_t g_t
/// backward
/// (4)  dg_t = dh_t i_t,  df_t = dh_t h_{t-1},  di_t = dh_t g_t
/// (5)  dz^j_t = dg_t (1 - g_t²),   dz^s_t = df_t (f_t - f_t²) - di_t (i_t - i_t²)
/// (6)  dh_t(direct) = dh_t f_t,   dp_t = dq_t = dz_t
/// Jacobian; W_j, W_s are the blocks of W_hh, f' = f - f² and so for i, g' = 1 - g²
/// (7)  ∂h_t/∂h_{t-1} = diag(f) + diag(i g') W_j + diag(h_{t-1} f' - g i') W_s
/// </code>
/// Source: J. van der Westhuizen and J. Lasenby, "The unreasonable effectiveness of the forget gate", 2018. By (2) f and i do
/// not sum to 1: the larger β, the more is let in besides what is kept. Since i &lt; e^β (1 - f) for β above 0, an h that begins
/// within ±e^β stays there; at β = 0 they sum to 1, as in a GRU. Kept besides h: g, f, i.
/// <para>Memory: In (7) diag(f) stands beside the ways through W_hh: where s is large, f is near 1, and h and its gradient
/// stay.</para>
/// <para>Limits: One gate decides both: a unit that keeps lets little in. h is both memory and output, with no gate before
/// the output.</para>
/// </summary>
/// <remarks>
/// Parameters as in PyTorch: weight_ih [2H, I], weight_hh [2H, H], bias_ih [2H], bias_hh [2H]. The authors' W_xh [I, 2H] and
/// W_hh [H, 2H], in the same order of blocks (j, f), are their transposes, and their bias is the sum of both. Initial values
/// are those of the authors' code: each matrix from U(±√(6/(rows + columns))), b_s 1 in bias_ih, all else 0. In that code a
/// chrono start is log U(1, T_max); <c>Initialisers.Chrono</c> draws log U(1, T_max - 1) for every net.
/// </remarks>
public sealed class JanetCell : GatedCell
{
    /// <summary>The authors' β.</summary>
    public const double DefaultBeta = 1;

    private static readonly string[] GateNames = ["j", "s"];

    /// <summary>Makes a cell.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="beta">β: how much more than what is forgotten is let in.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or β is not finite.</exception>
    public JanetCell(long inputSize, long hiddenSize, double beta = DefaultBeta, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(JanetCell), inputSize, hiddenSize, GateNames, bias, device, dtype)
    {
        Check.That(double.IsFinite(beta), nameof(beta), "a finite number", beta);
        Beta = beta;
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        ResetOwn(generator: null);
    }

    /// <summary>β.</summary>
    public double Beta { get; }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override int KeptParts => 3;

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var z = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p).Split(2); // 2 × [B, H] (1)
        var (g, f, i) = (z[0].Tanh(), z[1].Sigmoid(), (Beta - z[1]).Sigmoid()); // [B, H] (2)
        return new CellStep([(f * before[0]) + (i * g)], g, f, i); // [B, H] (3)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (g, f, i) = (tape.Kept[0], tape.Kept[1], tape.Kept[2]); // [B, H]
        var dG = Term("janet (4) dg", dH * i); // [B, H] (4)
        var dF = Term("janet (4) df", dH * tape.Before[0]); // [B, H] (4)
        var dI = Term("janet (4) di", dH * g); // [B, H] (4)
        var dJ = dG * TanhSlope("janet (5) g", g); // [B, H] (5)
        var dS = (dF * SigmoidSlope("janet (5) f", f)) - (dI * SigmoidSlope("janet (5) i", i)); // [B, H] (5)
        var dZ = dJ.Join(dS); // [B, 2H]
        return new StepFlow(dZ, dZ, DHDirect: Term("janet (6)", dH * f)); // (6)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var (_, kept) = ForwardStep(ProjectInput(x), before, Weights());
        var (g, f, i) = (kept[0], kept[1], kept[2]); // [B, H]
        var w = weight_hh.chunk(2, 0); // 2 × [H, H]
        var byS = before.Hidden.mul(SigmoidSlope(f)).sub(g.mul(SigmoidSlope(i))); // [B, H]
        return diag_embed(f).Plus(Scaled(i.mul(TanhSlope(g)), w[0])).Plus(Scaled(byS, w[1])); // [B, H, H] (7)
    }

    internal override void ResetOwn(Generator? generator)
    {
        foreach (var matrix in new[] { weight_ih, weight_hh })
        {
            GateBlocks.Uniform(matrix, Math.Sqrt(6.0 / matrix.shape.Sum()), generator);
        }

        GateBlocks.ZeroBiases(this);
        bias_ih?.narrow(0, HiddenSize, HiddenSize).fill_(Scalars.One); // [H]: b_s
    }
}
