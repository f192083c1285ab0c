using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The cell of a real-gated linear recurrent unit (RG-LRU): a unit forgets at a rate of its own, and a gate says how much of
/// that rate applies; blocks in the order r, i, u, p_t joins a_t and b_t:
/// <code>
/// forward, (1) to (4) for all t at once
/// (1)  k^r_t, k^i_t, u_t: the blocks of W_ih x_t + b_ih,   r_t = σ(k^r_t),  i_t = σ(k^i_t),  v_t = i_t u_t
/// (2)  L_t = c r_t,   c = -8 softplus(Λ),   a_t = exp(L_t)
/// (3)  m_t = √(1 - exp(2 L_t))
/// (4)  b_t = m_t v_t
/// (5)  h_t = a_t h_{t-1} + b_t
/// backward
/// (6)  da_t = dh_t h_{t-1},   dm_t = dh_t v_t,   dv_t = dh_t m_t
/// (7)  dL_t = da_t a_t - 2 a_t² dm_t min(1/(2 m_t), 1000)
/// (8)  dk^r_t = dL_t c (r_t - r_t²),   dk^i_t = dv_t u_t (i_t - i_t²),   du_t = dv_t i_t
/// (9)  dh_t(direct) = dh_t a_t
/// (10) dΛ = -8 σ(Λ) Σ_t dL_t r_t      over the batch too
/// Jacobian
/// (11) ∂h_t/∂h_{t-1} = diag(a_t)
/// </code>
/// Source: S. De et al., "Griffin: mixing gated linear recurrences with local attention for efficient language models", 2024,
/// equations 1 to 4. m_t keeps the size of h whatever a_t is: independent v of variance 1 make a state of variance 1. Nothing is
/// kept besides h: the rest is found again from x, by one product.
/// <para>
/// The root's slope 1/(2m) grows without bound as a nears 1. The authors' code (recurrentgemma) holds it at 1,000, and so do (7)
/// and autograd here: where 1 - a² is below 2.5e-7 (a above 1 - 1.25e-7) both give 1,000 for it, which is not the derivative of
/// (3); at any other a they give that derivative. So a gate r that is shut, where m = 0, has the gradient 0 and not NaN. 1 - exp(2L) is
/// taken without its cancellation near a = 1, which the authors' code has: there, in float32, m is off by up to 2e-4.
/// </para>
/// <para>Memory: By (11), diag(a), a unit forgets at a rate of its own, and slower where its gate r shuts; a gradient can
/// vanish but never explode.</para>
/// <para>Limits: A layer cannot decide by what it has stored, and mixes no units over time. No factor is below 0, so a state
/// that flips with the input, such as parity, is out of reach over long sequences.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [3H, I], bias_ih [3H], and Λ, weight_lambda [H]. In Griffin the layer is as wide as its input and takes x
/// itself for u: so a layer of recurrentgemma is one with I = H whose block of u is the identity, without a bias; block r has
/// <c>a_gate.w</c> on its diagonal, each head's [i, j] transposed to [j, i], and <c>a_gate.b</c>, block i the same of
/// <c>input_gate</c>, and Λ is <c>a_param</c>, the negative of the paper's, for which a = σ(Λ)^(8 r).
/// <para>
/// At the first step of a document the authors' code sets a to 0 and m to 1, so h_1 = v_1. Here a sequence goes on from the state that
/// it is given, which may be that of the chunk before: from zeros h_1 = m_1 v_1. The authors' first step is that from
/// h_0 = (1 - m_1) v_1 / a_1; a document that begins inside of a sequence is a sequence of its own (<c>lengths</c>).
/// </para>
/// </remarks>
public sealed class RgLruCell : EquationCell
{
    /// <summary>The largest slope of the root in (3) that goes into a gradient, as in the authors' code.</summary>
    internal const double Steepest = 1000;

    private const double Power = -8;
    private const double LeastRadius = 0.9, MostRadius = 0.999;
    private static readonly string[] GateNames = ["r", "i", "u"];

    /// <summary>
    /// Makes a cell, started as in the authors' code: weights from N(0, 1/I), biases zero, and Λ = log(1/ρ - 1) with ρ² from
    /// U(0.9², 0.999²), by which a = ρ^(8 r). (In the paper it is ρ⁸, the least a, that is drawn from 0.9 to 0.999.)
    /// </summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public RgLruCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(RgLruCell), inputSize, hiddenSize, GateNames)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        weight_ih = Kept(empty(3 * hiddenSize, inputSize), dtype, device);
        bias_ih = bias ? Kept(empty(3 * hiddenSize), dtype, device) : null;
        weight_lambda = Kept(empty(hiddenSize), dtype, device);
        ResetOwn(generator: null);
    }

    /// <summary>Λ [H].</summary>
    public Parameter weight_lambda
    {
        get => get_parameter(nameof(weight_lambda))!;
        set => Replace(nameof(weight_lambda), value, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override bool HasHiddenWeight => false;

    internal override Tensor? RecurrentWeight => null;

    internal override IReadOnlyList<Tensor> Further => [weight_lambda];

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) => [(nameof(weight_lambda), [hidden])];

    /// <summary>c.</summary>
    internal override StepValue[] Derive(StepWeights weights) => [weights.Further[0].Softplus() * Power]; // [H] (2)

    internal override StepValue Project(StepValue x, StepWeights weights)
    {
        var (a, m, _, i, u) = Found(x, weights);
        return a.Join(m * (i * u)); // [T, B, 2H] (4)
    }

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var blocks = p.Split(2); // 2 × [B, H]
        return new CellStep([(blocks[0] * before[0]) + blocks[1]]); // [B, H] (5)
    }

    internal override StepValue[] Prepared(StepValue x, StepValue[] kept, StepWeights weights)
    {
        var (a, m, r, i, u) = Found(x, weights); // [.., H]
        var steepness = m.Filled(1) / (m * 2).AtLeast(1 / Steepest); // [.., H]: min(1/(2m), 1000)
        var fall = Term("rg-lru (7) dm", steepness * (a * a) * 2); // [.., H] (7)
        var (slopeR, slopeI) = (SigmoidSlope("rg-lru (8) r", r), SigmoidSlope("rg-lru (8) i", i)); // [.., H] (8)
        return [a, m, i * u, fall, slopeR, slopeI, u, i, r];
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (a, m, v, fall, slopeR) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3], tape.Kept[4]); // [B, H], as prepared
        var (slopeI, u, i, r, c) = (tape.Kept[5], tape.Kept[6], tape.Kept[7], tape.Kept[8], tape.Weights.Derived[0]); // [B, H], [H]
        var dA = Term("rg-lru (6) da", dH * tape.Before[0]); // [B, H] (6)
        var dM = Term("rg-lru (6) dm", dH * v); // [B, H] (6)
        var dV = Term("rg-lru (6) dv", dH * m); // [B, H] (6)
        var dL = (dA * Term("rg-lru (7) da", a)) - (dM * fall); // [B, H] (7)
        var dKr = Term("rg-lru (8) dL", dL) * c * slopeR; // [B, H] (8)
        var dKi = dV * Term("rg-lru (8) u", u) * slopeI; // [B, H] (8)
        var dP = dKr.Join(dKi, Term("rg-lru (8) du", dV * i)); // [B, 3H] (8): by the product with W_ih
        return new StepFlow(dP, dP, DHDirect: Term("rg-lru (9)", dH * a), DSums: Term("rg-lru (10) dL r", dL * r)); // (9) (10)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk)
    {
        var slope = Term("rg-lru (10) σ(Λ)", tape.Weights.Further[0].sigmoid()); // [H] (10)
        return [walk.Sums(HiddenSize)[0].mul(Scalars.Of(Power)).mul(slope)]; // [H] (10)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before) => diag_embed(ProjectInput(x).narrow(1, 0, HiddenSize)); // [B, H, H] (11)

    internal override void ResetOwn(Generator? generator)
    {
        weight_ih.copy_(randn(weight_ih.shape, dtype: ScalarType.Float64, generator: generator).mul(Scalars.Of(1 / Math.Sqrt(InputSize)))); // [3H, I]
        bias_ih?.zero_();
        var square = empty([HiddenSize], dtype: ScalarType.Float64).uniform_(LeastRadius * LeastRadius, MostRadius * MostRadius, generator); // [H]: ρ²
        weight_lambda.copy_(square.rsqrt().Plus(Scalars.Of(-1.0)).log()); // [H]: log(1/ρ - 1), by which softplus(Λ) = -log ρ
    }

    /// <summary>What every row has before its step: a, m, r, i and u.</summary>
    private static (StepValue A, StepValue M, StepValue R, StepValue I, StepValue U) Found(StepValue x, StepWeights weights)
    {
        var k = x.Product(weights.InputWeight, weights.InputBias).Split(3); // 3 × [.., H] (1)
        var (r, i) = (k[0].Sigmoid(), k[1].Sigmoid()); // [.., H] (1)
        var log = r * weights.Derived[0]; // [.., H] (2)
        var a = log.Exp(); // [.., H] (2)
        return (a, log.SqrtOneMinusSquare(a, Steepest), r, i, k[2]); // [.., H] (2) (3)
    }
}
