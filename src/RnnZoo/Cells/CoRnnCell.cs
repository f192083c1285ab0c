using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The cell of a coupled oscillatory RNN (coRNN): each unit is a damped oscillator at y with the velocity z, driven by a
/// vanilla cell; y stands where an LSTM has h, z where it has c.
/// <code>
/// forward
/// (1)  a_t = p_t + W_zh z_{t-1} + W_hh y_{t-1},   p_t = W_ih x_t + b_ih,   u_t = tanh(a_t)
/// (2)  z_t = z_{t-1} + Δt (u_t - γ y_{t-1} - ε z_{t-1})
/// (3)  y_t = y_{t-1} + Δt z_t
/// backward
/// (4)  dz_t(hidden) = Δt dy_t
/// (5)  dz_t = dz_t(hidden) + dz_t(future)
/// (6)  da_t = Δt dz_t (1 - u_t²),   dp_t = dq_t = da_t
/// (7)  dz_{t-1}(future) = dz_t - ε Δt dz_t + W_zh' da_t
/// (8)  dy_{t-1}(direct) = dy_t - γ Δt dz_t
/// backward, for all t at once
/// (9)  dW_zh = Σ_t da_t z_{t-1}'
/// Jacobian of [y, z]; u' = 1 - u²
/// (10) ∂z_t/∂y_{t-1} = Δt (diag(u') W_hh - γ I)
/// (11) ∂z_t/∂z_{t-1} = (1 - ε Δt) I + Δt diag(u') W_zh
/// (12) J_t = [ I + Δt (10)  Δt (11) ]
///            [ (10)         (11)    ]
/// </code>
/// Source: T. K. Rusch and S. Mishra, "Coupled oscillatory recurrent neural network (coRNN): an accurate and (gradient) stable
/// architecture for learning long time dependencies", 2021, equation 3, with n̄ = n - 1: of the paper's two schemes, the damping
/// ε z_{t-1} of the step before, as in the authors' code. It is y'' = tanh(W_hh y + W_zh y' + W_ih x + b) - γ y - ε y', at
/// steps of Δt; for small Δt (12) is near the identity, and a gradient lasts. Kept besides y and z: u.
/// <para>Memory: (12) differs from the identity by terms in Δt, so for a small Δt a gradient changes little from step to
/// step.</para>
/// <para>Limits: It has no gates, and Δt, γ and ε are fixed: choose them for the task. At the defaults (γ 66, ε 15: ε Δt =
/// 0.9) a fresh net forgets by a factor of about 0.7 per step.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [H, I], weight_hh [H, H] for y, weight_zh [H, H] for z, and bias_ih [H]. The authors' one linear layer
/// over [x; z; y], <c>i2h</c>, is their columns in the order weight_ih, weight_zh, weight_hh: <c>i2h.weight</c> [H, I + 2H]. The
/// authors' (Δt, γ, ε) are (0.06, 66, 15) for the adding problem, the defaults here, (0.042, 2.7, 4.7) for sequential MNIST and
/// (0.076, 0.4, 8) for permuted MNIST.
/// </remarks>
public sealed class CoRnnCell : EquationCell
{
    internal const double DefaultTimeStep = 0.06;
    internal const double DefaultGamma = 66;
    internal const double DefaultEpsilon = 15;

    private static readonly string[] GateNames = ["u"];

    /// <summary>Makes a cell with the initialisation of the authors' linear layer, U(±1/√(I + 2H)).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="timeStep">Δt, above 0.</param>
    /// <param name="gamma">γ, the square of the oscillators' frequency, 0 or more.</param>
    /// <param name="epsilon">ε, their damping, 0 or more.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or Δt, γ or ε is outside its range.</exception>
    public CoRnnCell(long inputSize, long hiddenSize, double timeStep = DefaultTimeStep, double gamma = DefaultGamma, double epsilon = DefaultEpsilon, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(CoRnnCell), inputSize, hiddenSize, GateNames)
    {
        (TimeStep, Gamma, Epsilon) = (Check.AboveZero(timeStep, nameof(timeStep)), Check.NotNegative(gamma, nameof(gamma)), Check.NotNegative(epsilon, nameof(epsilon)));
        StateSizes = [hiddenSize, hiddenSize];
        weight_ih = Draw(Bound, dtype, device, hiddenSize, inputSize);
        weight_zh = Draw(Bound, dtype, device, hiddenSize, hiddenSize);
        weight_hh = Draw(Bound, dtype, device, hiddenSize, hiddenSize);
        bias_ih = bias ? Draw(Bound, dtype, device, hiddenSize) : null;
    }

    /// <summary>H for y, H for z.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>Δt.</summary>
    public double TimeStep { get; }

    /// <summary>γ.</summary>
    public double Gamma { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>Recurrent weights of y [H, H].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, HiddenSize, HiddenSize);
    }

    /// <summary>Recurrent weights of z [H, H].</summary>
    public Parameter weight_zh
    {
        get => get_parameter(nameof(weight_zh))!;
        set => Replace(nameof(weight_zh), value, HiddenSize, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="y0_z0">y and z, each [B, H], or [H]; zeros if null.</param>
    /// <returns>y and z, each [B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? y0_z0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(y0_z0)))!.Value;

    internal override bool HasHiddenBias => false;

    internal override Tensor RecurrentWeight => weight_hh;

    internal override IReadOnlyList<Tensor> Further => [weight_zh];

    internal override int KeptParts => 1;

    private double Bound => 1 / Math.Sqrt(InputSize + (2 * HiddenSize));

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) => [(nameof(weight_zh), [hidden, hidden])];

    internal override void ResetOwn(Generator? generator)
    {
        foreach (var parameter in parameters())
        {
            GateBlocks.Uniform(parameter, Bound, generator);
        }
    }

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var (y, z) = (before[0], before[1]); // [B, H]
        var fromZ = z.Product(weights.Further[0], plus: p); // [B, H] (1)
        var u = weights.Seen(y).Product(weights.HiddenWeight!, plus: fromZ).Tanh(); // [B, H] (1)
        z += (u - (y * Gamma) - (z * Epsilon)) * TimeStep; // [B, H] (2)
        z = tapCell is null ? z : tapCell(z);
        return new CellStep([y + (z * TimeStep), z], u); // [B, H] (3)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var dZFromHidden = Term("cornn (4)", dH * TimeStep); // [B, H] (4)
        var dZ = Term("cornn (5) from hidden", dZFromHidden) + Term("cornn (5) from future", dCFromFuture!); // [B, H] (5)
        (dZ, dZFromHidden) = tape.GoesOn(dZ, dZFromHidden, dCFromFuture!);
        var dForce = dZ * TimeStep; // [B, H]: Δt dz_t
        var dA = Term("cornn (6)", dForce) * TanhSlope("cornn (6)", tape.Kept[0]); // [B, H] (6)
        var damped = Term("cornn (7) ε", dForce * Epsilon); // [B, H] (7)
        var through = Term("cornn (7) W_zh", dA.Through(tape.Weights.Further[0])); // [B, H] (7)
        var dZBefore = Term("cornn (7) dz", dZ) - damped + through; // [B, H] (7)
        var pulled = Term("cornn (8) γ", dForce * Gamma); // [B, H] (8)
        var direct = Term("cornn (8) dy", dH) - pulled; // [B, H] (8)
        return new StepFlow(dA, dA, DHDirect: direct, DCBefore: dZBefore, DCFromHidden: dZFromHidden); // (6)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk) =>
        [Term("cornn (9)", walk.DProjected).TransposedTimes(tape.Before(part: 1))]; // [H, H] (9)

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var slope = TanhSlope(ForwardStep(ProjectInput(x), before, Weights()).Kept[0]); // [B, H]
        var identity = eye(HiddenSize, dtype: x.dtype, device: x.device); // [H, H]
        var step = Scalars.Of(TimeStep);
        var zByY = Scaled(slope, weight_hh).sub(identity.mul(Scalars.Of(Gamma))).mul(step); // [B, H, H] (10)
        var zByZ = Scaled(slope, weight_zh).sub(identity.mul(Scalars.Of(Epsilon))).mul(step).Plus(identity); // [B, H, H] (11)
        var upper = cat([zByY.mul(step).Plus(identity), zByZ.mul(step)], 2); // [B, H, 2H] (12)
        return cat([upper, cat([zByY, zByZ], 2)], 1); // [B, 2H, 2H] (12)
    }
}
