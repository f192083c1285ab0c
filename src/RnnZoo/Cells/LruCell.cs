using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The cell of a linear recurrent unit (LRU): each unit of a complex state z_t = r_t + i s_t is turned and shrunk by a number λ of
/// its own, and what is read out of it, y, stands where an LSTM has h, z where it has c. Complex numbers are pairs of real ones:
/// <code>
/// forward, (1) and (2) for all t at once
/// (1)  k^r_t, k^s_t, d_t: the blocks of W_ih x_t + b_ih, which are B x_t, real and imaginary, and D x_t
/// (2)  p_t joins γ k^r_t, γ k^s_t, d_t,   γ = exp(g)
/// (3)  λ = exp(-exp(ν) + i exp(θ)):   λ^r = exp(-exp(ν)) cos(exp(θ)),   λ^s = exp(-exp(ν)) sin(exp(θ))
/// (4)  r_t = λ^r r_{t-1} - λ^s s_{t-1} + γ k^r_t,   s_t = λ^r s_{t-1} + λ^s r_{t-1} + γ k^s_t
/// (5)  y_t = W_zh [r_t; s_t] + d_t = Re(C z_t) + D x_t,   W_zh joins Re C and -Im C
/// backward; dr_t and ds_t are the halves of dz_t
/// (6)  dz_t(hidden) = W_zh' dy_t
/// (7)  dz_t = dz_t(hidden) + dz_t(future)
/// (8)  dk^r_t = γ dr_t,   dk^s_t = γ ds_t,   dd_t = dy_t
/// (9)  dr_{t-1}(future) = λ^r dr_t + λ^s ds_t,   ds_{t-1}(future) = λ^r ds_t - λ^s dr_t
/// (10) dy_{t-1}(direct) = 0
/// backward, for all t at once
/// (11) dW_zh = Σ_t dy_t [r_t; s_t]'
/// (12) dg = Σ_t dk^r_t k^r_t + dk^s_t k^s_t
/// (13) dλ^r = Σ_t dr_t r_{t-1} + ds_t s_{t-1},   dλ^s = Σ_t ds_t r_{t-1} - dr_t s_{t-1}
/// (14) dν = -exp(ν) (dλ^r λ^r + dλ^s λ^s),   dθ = exp(θ) (dλ^s λ^r - dλ^r λ^s)
/// Jacobian of [y, r, s]
/// (15) Λ = [ diag(λ^r)  -diag(λ^s) ]
///          [ diag(λ^s)   diag(λ^r) ]
/// (16) J_t = [ 0  W_zh Λ ]
///            [ 0  Λ      ]
/// </code>
/// Source: A. Orvieto et al., "Resurrecting recurrent neural networks for long sequences", 2023: the parametrisation of λ of
/// section 3.3, the normalisation γ of section 3.4, the whole in appendix A; the paper's input u is x here, its state x is z. |λ|
/// is exp(-exp(ν)), below 1 whatever ν is: a gradient can vanish but never explode, and each unit has a length of memory and a
/// pitch of its own. γ keeps the size of z where |λ| is near 1. Nothing is kept besides y and z.
/// <para>Memory: By (15) each complex unit turns and shrinks a gradient by its own λ, the same at all times; with |λ| near 1
/// it lasts.</para>
/// <para>Limits: Nothing is gated, so what matters and what does not fade alike. The net is linear in its input, however many
/// layers it has: it cannot multiply, as the adding problem asks, until you put something nonlinear between layers.</para>
/// </summary>
/// <remarks>
/// The state has two parts: y [B, H], which no step reads, and [r; s] [B, 2H]: as many complex units as there are outputs.
/// Parameters: weight_ih [3H, I], bias_ih [3H], weight_zh [H, 2H], and ν, θ and g [H]: weight_nu_log, weight_theta_log,
/// weight_gamma_log. In minimal-LRU they are <c>B_re</c>, <c>B_im</c> and <c>D</c> one above the other, <c>C_re</c> beside
/// <c>-C_im</c>, <c>nu_log</c>, <c>theta_log</c> and <c>gamma_log</c>, and there are no biases. Its <c>D</c>, as that of the
/// paper's appendix, is a vector that multiplies x number by number, where the paper's equations have a matrix: put it on the
/// diagonal of the third block.
/// </remarks>
public sealed class LruCell : EquationCell
{
    internal const double DefaultMinRadius = 0;
    internal const double DefaultMaxRadius = 1;
    internal const double DefaultMaxPhase = 6.28;

    private static readonly string[] GateNames = ["b_re", "b_im", "d"];

    /// <summary>
    /// Makes a cell, started as in the authors' code: λ uniform over a ring, γ = √(1 - |λ|²), B from N(0, 1/(2I)) and C from
    /// N(0, 1/H), real and imaginary part alike. D is from N(0, 1/I), by which D x has the size that the authors' vector gives
    /// it; biases are zero.
    /// </summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="minRadius">The least |λ| of the start, 0 or more.</param>
    /// <param name="maxRadius">The largest |λ| of the start, above the least, at most 1.</param>
    /// <param name="maxPhase">The largest angle of λ of the start, in radians, above 0.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or a radius or the phase is outside its range.</exception>
    public LruCell(long inputSize, long hiddenSize, double minRadius = DefaultMinRadius, double maxRadius = DefaultMaxRadius, double maxPhase = DefaultMaxPhase, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(LruCell), inputSize, hiddenSize, GateNames)
    {
        Check.That(minRadius >= 0 && minRadius < 1, nameof(minRadius), "a number from 0 to below 1", minRadius);
        Check.That(maxRadius > minRadius && maxRadius <= 1, nameof(maxRadius), $"a number above minRadius = {minRadius}, at most 1", maxRadius);
        (MinRadius, MaxRadius, MaxPhase) = (minRadius, maxRadius, Check.AboveZero(maxPhase, nameof(maxPhase)));
        StateSizes = [hiddenSize, 2 * hiddenSize];
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        weight_ih = Kept(empty(3 * hiddenSize, inputSize), dtype, device);
        weight_zh = Kept(empty(hiddenSize, 2 * hiddenSize), dtype, device);
        weight_nu_log = Kept(empty(hiddenSize), dtype, device);
        weight_theta_log = Kept(empty(hiddenSize), dtype, device);
        weight_gamma_log = Kept(empty(hiddenSize), dtype, device);
        bias_ih = bias ? Kept(empty(3 * hiddenSize), dtype, device) : null;
        ResetOwn(generator: null);
    }

    /// <summary>H for y, 2H for z.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>The least |λ| of the start.</summary>
    public double MinRadius { get; }

    /// <summary>The largest |λ| of the start.</summary>
    public double MaxRadius { get; }

    /// <summary>The largest angle of λ of the start, in radians.</summary>
    public double MaxPhase { get; }

    /// <summary>Weights from z to y [H, 2H]: Re C beside -Im C.</summary>
    public Parameter weight_zh
    {
        get => get_parameter(nameof(weight_zh))!;
        set => Replace(nameof(weight_zh), value, HiddenSize, 2 * HiddenSize);
    }

    /// <summary>ν [H], by which |λ| = exp(-exp(ν)).</summary>
    public Parameter weight_nu_log
    {
        get => get_parameter(nameof(weight_nu_log))!;
        set => Replace(nameof(weight_nu_log), value, HiddenSize);
    }

    /// <summary>θ [H], by which λ has the angle exp(θ).</summary>
    public Parameter weight_theta_log
    {
        get => get_parameter(nameof(weight_theta_log))!;
        set => Replace(nameof(weight_theta_log), value, HiddenSize);
    }

    /// <summary>g [H], by which γ = exp(g).</summary>
    public Parameter weight_gamma_log
    {
        get => get_parameter(nameof(weight_gamma_log))!;
        set => Replace(nameof(weight_gamma_log), value, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="y0_z0">y [B, H] and z [B, 2H], or without B; zeros if null. y is not read.</param>
    /// <returns>y [B, H] and z [B, 2H], or without B.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? y0_z0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(y0_z0)))!.Value;

    internal override bool HasHiddenWeight => false;

    internal override Tensor? RecurrentWeight => null;

    internal override int UnreadParts => 1;

    internal override IReadOnlyList<Tensor> Further => [weight_zh, weight_nu_log, weight_theta_log, weight_gamma_log];

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) =>
        [(nameof(weight_zh), [hidden, 2 * hidden]), (nameof(weight_nu_log), [hidden]), (nameof(weight_theta_log), [hidden]), (nameof(weight_gamma_log), [hidden])];

    internal override StepValue Project(StepValue x, StepWeights weights)
    {
        var k = x.Product(weights.InputWeight, weights.InputBias).Split(3); // 3 × [T, B, H] (1)
        var gamma = weights.Derived[2]; // [H] (2)
        return (k[0] * gamma).Join(k[1] * gamma, k[2]); // [T, B, 3H] (2)
    }

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var (driven, old) = (p.Split(3), before[1].Split(2)); // 3 × and 2 × [B, H]
        var (r, s) = (old[0], old[1]); // [B, H]
        var (re, im) = (weights.Derived[0], weights.Derived[1]); // [H] (3)
        var z = ((r * re) - (s * im) + driven[0]).Join((s * re) + (r * im) + driven[1]); // [B, 2H] (4)
        z = tapCell is null ? z : tapCell(z);
        return new CellStep([z.Product(weights.Further[0], plus: driven[2]).IndependentOf(before[0]), z]); // [B, H] (5)
    }

    /// <summary>λ, its real and its imaginary part, and γ.</summary>
    internal override StepValue[] Derive(StepWeights weights)
    {
        var (radius, phase) = ((weights.Further[1].Exp() * -1).Exp(), weights.Further[2].Exp()); // [H] (3)
        return [radius * phase.Cos(), radius * phase.Sin(), weights.Further[3].Exp()]; // [H] (2) (3)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (re, im, gamma) = (tape.Weights.Derived[0], tape.Weights.Derived[1], tape.Weights.Derived[2]); // [H] (2) (3)
        var dZFromHidden = Term("lru (6)", dH.Through(tape.Weights.Further[0])); // [B, 2H] (6)
        var dZ = Term("lru (7) from hidden", dZFromHidden) + Term("lru (7) from future", dCFromFuture!); // [B, 2H] (7)
        (dZ, dZFromHidden) = tape.GoesOn(dZ, dZFromHidden, dCFromFuture!);
        var halves = dZ.Split(2); // 2 × [B, H]
        var (dR, dS) = (halves[0], halves[1]); // [B, H]
        var dP = Term("lru (8) k^r", dR * gamma).Join(Term("lru (8) k^s", dS * gamma), Term("lru (8) d", dH)); // [B, 3H] (8): by the product with W_ih
        var dRBefore = Term("lru (9) dr: r", dR * re) + Term("lru (9) dr: s", dS * im); // [B, H] (9)
        var dSBefore = Term("lru (9) ds: s", dS * re) - Term("lru (9) ds: r", dR * im); // [B, H] (9)
        var before = tape.Before[1].Split(2); // 2 × [B, H]
        var byLambda = (Term("lru (13) re: r", dR * before[0]) + Term("lru (13) re: s", dS * before[1]))
            .Join(Term("lru (13) im: s", dS * before[0]) - Term("lru (13) im: r", dR * before[1])); // [B, 2H] (13)
        return new StepFlow(dP, dP, DHDirect: dH.Filled(0), DCBefore: dRBefore.Join(dSBefore), DCFromHidden: dZFromHidden, DSums: byLambda); // (10)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk)
    {
        var weights = tape.Weights;
        var dP = walk.DProjected.split(HiddenSize, 1); // 3 × [N, H]
        var dWeight = Term("lru (11)", dP[2]).TransposedTimes(tape.Made[1]); // [H, 2H] (11)
        var values = weights.Values();
        var k = TensorValue.Of(new TensorValue(tape.Input).Product(values.InputWeight, values.InputBias)).split(HiddenSize, 1); // 3 × [N, H] (1)
        var dGamma = Term("lru (12) r", dP[0].mul(k[0])).Plus(Term("lru (12) s", dP[1].mul(k[1]))).sum(dim: 0); // [H] (12)
        var sums = walk.Sums(HiddenSize, HiddenSize); // 2 × [H] (13)
        var (dRe, dIm) = (sums[0], sums[1]); // [H] (13)
        var (re, im) = (weights.Derived[0], weights.Derived[1]); // [H] (3)
        var dNu = Term("lru (14) ν: re", dRe.mul(re)).Plus(Term("lru (14) ν: im", dIm.mul(im))).mul(weights.Further[1].exp()).neg(); // [H] (14)
        var dTheta = Term("lru (14) θ: im", dIm.mul(re)).sub(Term("lru (14) θ: re", dRe.mul(im))).mul(weights.Further[2].exp()); // [H] (14)
        return [dWeight, dNu, dTheta, dGamma];
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var derived = Weights().Derived;
        var (re, im) = (derived[0], derived[1]); // [H] (3)
        var turn = cat([cat([diag_embed(re), diag_embed(im.neg())], 1), cat([diag_embed(im), diag_embed(re)], 1)], 0); // [2H, 2H] (15)
        var byZ = cat([weight_zh.mm(turn), turn], 0); // [3H, 2H] (16)
        return nn.functional.pad(byZ, [HiddenSize, 0]).expand(x.shape[0], -1, -1); // [B, 3H, 3H] (16)
    }

    internal override void ResetOwn(Generator? generator)
    {
        var (minSquare, maxSquare) = (MinRadius * MinRadius, MaxRadius * MaxRadius);
        var rate = empty([HiddenSize], dtype: ScalarType.Float64).uniform_(minSquare, maxSquare, generator).log().mul(Scalars.Of(-0.5)); // [H]: exp(ν) = -log|λ|
        weight_nu_log.copy_(rate.log()); // [H]
        weight_theta_log.copy_(empty([HiddenSize], dtype: ScalarType.Float64).uniform_(0, MaxPhase, generator).log()); // [H]
        weight_gamma_log.copy_(rate.mul(Scalars.Of(-2.0)).expm1().neg().log().mul(Scalars.Of(0.5))); // [H]: log √(1 - |λ|²)
        Normal(weight_ih.narrow(0, 0, 2 * HiddenSize), 1 / Math.Sqrt(2 * InputSize), generator); // [2H, I]
        Normal(weight_ih.narrow(0, 2 * HiddenSize, HiddenSize), 1 / Math.Sqrt(InputSize), generator); // [H, I]
        Normal(weight_zh, 1 / Math.Sqrt(HiddenSize), generator); // [H, 2H]
        bias_ih?.zero_();
    }

    private static void Normal(Tensor target, double deviation, Generator? generator) =>
        target.copy_(randn(target.shape, dtype: ScalarType.Float64, generator: generator).mul(Scalars.Of(deviation)));
}
