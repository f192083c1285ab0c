using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The cell of a long expressive memory (LEM): two states, each of which goes towards a target by a step that a gate makes
/// shorter, of a length of its own for every unit and time; y stands where an LSTM has h, z where it has c. p_t joins the blocks
/// s, r, v, u, q_t the blocks s, r, u:
/// <code>
/// forward
/// (1)  p_t = W_ih x_t + b_ih,   q_t = W_hh y_{t-1} + b_hh
/// (2)  s_t = σ(p^s_t + q^s_t),  r_t = σ(p^r_t + q^r_t),  u_t = tanh(p^u_t + q^u_t)
/// (3)  z_t = z_{t-1} + Δt r_t (u_t - z_{t-1})
/// (4)  v_t = tanh(a_t),   a_t = p^v_t + W_zh z_t + b_zh
/// (5)  y_t = y_{t-1} + Δt s_t (v_t - y_{t-1})
/// backward
/// (6)  ds_t = Δt dy_t (v_t - y_{t-1}),   dv_t = Δt dy_t s_t
/// (7)  da_t = dv_t (1 - v_t²),   dz_t(hidden) = W_zh' da_t
/// (8)  dz_t = dz_t(hidden) + dz_t(future)
/// (9)  dr_t = Δt dz_t (u_t - z_{t-1}),   du_t = Δt dz_t r_t
/// (10) dp^s_t = ds_t (s_t - s_t²),  dp^r_t = dr_t (r_t - r_t²),  dp^v_t = da_t,  dp^u_t = du_t (1 - u_t²)
/// (11) dq_t joins dp^s_t, dp^r_t, dp^u_t
/// (12) dz_{t-1}(future) = dz_t - Δt dz_t r_t,   dy_{t-1}(direct) = dy_t - Δt dy_t s_t
/// backward, for all t at once
/// (13) dW_zh = Σ_t da_t z_t',   db_zh = Σ_t da_t
/// Jacobian of [y, z]; W_s, W_r, W_u are the blocks of W_hh, s' = s - s² and so for r, v' = 1 - v² and so for u
/// (14) ∂z_t/∂z_{t-1} = diag(1 - Δt r)
/// (15) ∂z_t/∂y_{t-1} = Δt (diag((u - z_{t-1}) r') W_r + diag(r u') W_u)
/// (16) M = ∂y_t/∂z_t = Δt diag(s v') W_zh
/// (17) ∂y_t/∂z_{t-1} = M (14)
/// (18) ∂y_t/∂y_{t-1} = diag(1 - Δt s) + Δt diag((v - y_{t-1}) s') W_s + M (15)
/// (19) J_t = [ (18) (17) ]
///            [ (15) (14) ]
/// </code>
/// Source: T. K. Rusch, S. Mishra, N. B. Erichson and M. W. Mahoney, "Long expressive memory for sequence modeling", 2022,
/// equation 3: Δt s_t and Δt r_t are the paper's Δt̄_n and Δt_n. By (14) and (18) a small Δt keeps a gradient, as an LSTM's
/// open forget gate does. Kept besides y and z: s, r, v, u.
/// <para>Memory: By (14), 1 - Δt r, and (18), 1 - Δt s, each unit has a pace of its own at each time; a small Δt makes all of
/// them slow.</para>
/// <para>Limits: Δt is fixed, and the default of 1 is a fast one: a fresh net forgets by a factor of about 0.7 per step. For
/// long sequences give it a small Δt.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [4H, I], bias_ih [4H], weight_hh [3H, H], bias_hh [3H], weight_zh [H, H], bias_zh [H]; in the authors'
/// code <c>inp2hid</c>, <c>hid2hid</c> and <c>transform_z</c>, whose blocks are in the same order (there i_dt1, i_dt2, i_z, i_y, and
/// h_dt1, h_dt2, h_y). Δt is 1 there unless given; the authors' values are 0.0242 for the adding problem, 0.21 for sequential
/// MNIST and 0.31 for permuted MNIST.
/// </remarks>
public sealed class LemCell : EquationCell
{
    internal const double DefaultTimeStep = 1;

    private static readonly string[] GateNames = ["s", "r", "v", "u"];

    /// <summary>Makes a cell with the authors' initialisation, U(±1/√H) for every parameter.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="timeStep">Δt, above 0.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or Δt is not a number above 0.</exception>
    public LemCell(long inputSize, long hiddenSize, double timeStep = DefaultTimeStep, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(LemCell), inputSize, hiddenSize, GateNames)
    {
        TimeStep = Check.AboveZero(timeStep, nameof(timeStep));
        StateSizes = [hiddenSize, hiddenSize];
        var bound = 1 / Math.Sqrt(hiddenSize);
        weight_ih = Draw(bound, dtype, device, 4 * hiddenSize, inputSize);
        weight_hh = Draw(bound, dtype, device, 3 * hiddenSize, hiddenSize);
        weight_zh = Draw(bound, dtype, device, hiddenSize, hiddenSize);
        bias_ih = bias ? Draw(bound, dtype, device, 4 * hiddenSize) : null;
        bias_hh = bias ? Draw(bound, dtype, device, 3 * hiddenSize) : null;
        bias_zh = bias ? Draw(bound, dtype, device, hiddenSize) : null;
    }

    /// <summary>H for y, H for z.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>Δt.</summary>
    public double TimeStep { get; }

    /// <summary>Recurrent weights of y [3H, H].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, 3 * HiddenSize, HiddenSize);
    }

    /// <summary>Recurrent bias [3H], or null for a cell without biases.</summary>
    public Parameter? bias_hh
    {
        get => get_parameter(nameof(bias_hh));
        set => Replace(nameof(bias_hh), value, 3 * HiddenSize);
    }

    /// <summary>Weights from z to the target of y [H, H].</summary>
    public Parameter weight_zh
    {
        get => get_parameter(nameof(weight_zh))!;
        set => Replace(nameof(weight_zh), value, HiddenSize, HiddenSize);
    }

    /// <summary>Their bias [H], or null for a cell without biases.</summary>
    public Parameter? bias_zh
    {
        get => get_parameter(nameof(bias_zh));
        set => Replace(nameof(bias_zh), value, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="y0_z0">y and z, each [B, H], or [H]; zeros if null.</param>
    /// <returns>y and z, each [B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? y0_z0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(y0_z0)))!.Value;

    internal override int RecurrentBlocks => 3;

    internal override Tensor RecurrentWeight => weight_hh;

    internal override Tensor? RecurrentBias => bias_hh;

    internal override IReadOnlyList<Tensor> Further => bias_zh is { } bias ? [weight_zh, bias] : [weight_zh];

    internal override int KeptParts => 4;

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias)
    {
        (string, long[])[] weight = [(nameof(weight_zh), [hidden, hidden])];
        return bias ? [.. weight, (nameof(bias_zh), [hidden])] : weight;
    }

    internal override void ResetOwn(Generator? generator)
    {
        foreach (var further in Further)
        {
            GateBlocks.Uniform(further, 1 / Math.Sqrt(HiddenSize), generator);
        }
    }

    internal override StepValue Project(StepValue x, StepWeights weights) => x.Product(weights.InputWeight, weights.InputBias); // [T, B, 4H] (1)

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var (y, z) = (before[0], before[1]); // [B, H]
        var fromX = p.Split(4); // 4 × [B, H]
        var fromY = weights.Seen(y).Product(weights.HiddenWeight!, weights.HiddenBias).Split(3); // 3 × [B, H] (1)
        var (s, r, u) = ((fromX[0] + fromY[0]).Sigmoid(), (fromX[1] + fromY[1]).Sigmoid(), (fromX[3] + fromY[2]).Tanh()); // [B, H] (2)
        z += r * (u - z) * TimeStep; // [B, H] (3)
        z = tapCell is null ? z : tapCell(z);
        var v = (fromX[2] + z.Product(weights.Further[0], weights.Further.ElementAtOrDefault(1))).Tanh(); // [B, H] (4)
        return new CellStep([y + (s * (v - y) * TimeStep), z], s, r, v, u); // [B, H] (5)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (s, r, v, u) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var dYStep = dH * TimeStep; // [B, H]: Δt dy_t
        var dS = dYStep * (Term("lem (6) ds: v", v) - Term("lem (6) ds: y", tape.Before[0])); // [B, H] (6)
        var dV = dYStep * s; // [B, H] (6)
        var dA = Term("lem (6) dv", dV) * TanhSlope("lem (7)", v); // [B, H] (7)
        var dZFromHidden = Term("lem (7) dz", dA.Through(tape.Weights.Further[0])); // [B, H] (7)
        var dZ = Term("lem (8) from hidden", dZFromHidden) + Term("lem (8) from future", dCFromFuture!); // [B, H] (8)
        (dZ, dZFromHidden) = tape.GoesOn(dZ, dZFromHidden, dCFromFuture!);
        var dZStep = dZ * TimeStep; // [B, H]: Δt dz_t
        var dR = dZStep * (Term("lem (9) dr: u", u) - Term("lem (9) dr: z", tape.Before[1])); // [B, H] (9)
        var dU = dZStep * r; // [B, H] (9)
        var (fromS, fromR) = (dS * SigmoidSlope("lem (10) s", s), dR * SigmoidSlope("lem (10) r", r)); // [B, H] (10)
        var fromU = Term("lem (9) du", dU) * TanhSlope("lem (10) u", u); // [B, H] (10)
        var dZBefore = Term("lem (12) dz", dZ) - Term("lem (12) dz r", dU); // [B, H] (12)
        var direct = Term("lem (12) dy", dH) - Term("lem (12) dy s", dV); // [B, H] (12)
        return new StepFlow(fromS.Join(fromR, dA, fromU), fromS.Join(fromR, fromU), DHDirect: direct, DCBefore: dZBefore, DCFromHidden: dZFromHidden); // (10) (11)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk)
    {
        var dA = walk.DProjected.narrow(1, 2 * HiddenSize, HiddenSize); // [N, H] (10)
        var dWeight = Term("lem (13) dW_zh", dA).TransposedTimes(tape.Made[1]); // [H, H] (13)
        return tape.Weights.InputBias is null ? [dWeight] : [dWeight, Term("lem (13) db_zh", dA).sum(dim: 0)]; // [H] (13)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var kept = ForwardStep(ProjectInput(x), before, Weights()).Kept;
        var (s, r, v, u) = (kept[0], kept[1], kept[2], kept[3]); // [B, H]
        var w = weight_hh.chunk(3, 0); // 3 × [H, H]
        var step = Scalars.Of(TimeStep);
        var zByZ = ones_like(r).sub(r.mul(step)); // [B, H]: the diagonal of (14)
        var zByY = Scaled(u.sub(before.Cell).mul(SigmoidSlope(r)), w[1]).Plus(Scaled(r.mul(TanhSlope(u)), w[2])).mul(step); // [B, H, H] (15)
        var yByNewZ = Scaled(s.mul(TanhSlope(v)), weight_zh).mul(step); // [B, H, H] (16)
        var yByZ = yByNewZ.mul(zByZ.unsqueeze(1)); // [B, H, H] (17)
        var yByY = diag_embed(ones_like(s).sub(s.mul(step)))
            .Plus(Scaled(v.sub(before.Hidden).mul(SigmoidSlope(s)), w[0]).mul(step))
            .Plus(yByNewZ.bmm(zByY)); // [B, H, H] (18)
        var upper = cat([yByY, yByZ], 2); // [B, H, 2H] (18) (17)
        var lower = cat([zByY, diag_embed(zByZ)], 2); // [B, H, 2H] (15) (14)
        return cat([upper, lower], 1); // [B, 2H, 2H] (19)
    }
}
