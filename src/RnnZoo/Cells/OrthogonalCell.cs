using RnnZoo.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// A vanilla cell whose recurrent matrix is orthogonal by construction, so that a gradient neither grows nor shrinks on
/// its way through it:
/// <code>
/// (1)  W = exp(U - U'),   U = skew_hh above the diagonal, 0 elsewhere
/// forward
/// (2)  z_t = p_t + W h_{t-1},   p_t = W_ih x_t
/// (3)  h_t = modReLU(z_t; b) = sign(z_t) max(|z_t| + b, 0)
/// backward
/// (4)  dz_t = dh_t [h_t ≠ 0],   dp_t = dq_t = dz_t
/// (5)  db = Σ_t dz_t sign(h_t)      over the batch too
/// (6)  dW goes on to skew_hh, see <see cref="SkewMap"/>
/// Jacobian
/// (7)  ∂h_t/∂h_{t-1} = diag([h_t ≠ 0]) W      a gradient keeps its norm but for the units that modReLU holds at zero
/// </code>
/// Where |z_t| + b is above zero, h_t has z_t's sign and z_t's slope, else both derivatives are 0; so they are at the kink
/// |z_t| = -b, and at z_t = 0, where h_t jumps if b is above zero: h_t = 0 in every such case, and nothing is kept besides h.
/// Source: M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", 2016, equation 8, for (3), here
/// over the reals as in K. Helfrich, D. Willmott and Q. Ye, "Orthogonal recurrent neural networks with scaled Cayley
/// transform", 2018; M. Lezcano-Casado and D. Martínez-Rubio, "Cheap orthogonal constraints in neural networks", 2019, for (1).
/// <para>Memory: By (7), W orthogonal, a gradient keeps its norm at any distance, but for the units that modReLU holds at
/// zero.</para>
/// <para>Limits: Nothing is gated, so it does not choose what to forget: what came in goes on turning beneath what comes
/// later. W is a matrix exponential, taken anew for each sequence in training.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [H, I], skew_hh [H, H], of which what is above the diagonal counts, bias [H], the b of (3). W is
/// orthogonal to rounding whatever the values of skew_hh are; it is computed once for a sequence.
/// </remarks>
public sealed class OrthogonalCell : EquationCell
{
    private static readonly string[] GateNames = ["h"];

    /// <summary>
    /// Makes a cell. skew_hh turns each pair of units by an angle from U(-π, π) (<see cref="Modules.Initialisers.Henaff"/>), bias is
    /// from U(±0.01), weight_ih from U(±1/√H).
    /// </summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public OrthogonalCell(long inputSize, long hiddenSize, Device? device = null, ScalarType? dtype = null)
        : base(nameof(OrthogonalCell), inputSize, hiddenSize, GateNames)
    {
        weight_ih = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize, inputSize);
        skew_hh = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize, hiddenSize);
        bias = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize);
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        ResetOwn(generator: null);
    }

    /// <summary>What W is made of [H, H]; only what is above the diagonal is read, and the rest has a gradient of zero.</summary>
    public Parameter skew_hh
    {
        get => get_parameter(nameof(skew_hh))!;
        set => Replace(nameof(skew_hh), value, HiddenSize, HiddenSize);
    }

    /// <summary>b of modReLU [H].</summary>
    public Parameter bias
    {
        get => get_parameter(nameof(bias))!;
        set => Replace(nameof(bias), value, HiddenSize);
    }

    /// <summary>W, as skew_hh stands.</summary>
    /// <returns>[H, H], a new tensor; on the tape if gradients are switched on.</returns>
    public Tensor RecurrentMatrix() => SkewMap.Matrix(skew_hh); // (1)

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override CellKind? Kernel => CellKind.ModRelu;

    internal override Tensor RecurrentWeight => RecurrentMatrix();

    internal override IReadOnlyList<Tensor> Further => [bias];

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) => [("bias", [hidden])];

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var z = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p); // [B, H] (2)
        return new CellStep([z.Sign() * (z.Abs() + weights.Further[0]).Relu()]); // [B, H] (3)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var h = tape.After[0]; // [B, H]
        var dZ = Term("orthogonal (4)", dH.WherePositive(h.Abs())); // [B, H] (4)
        return new StepFlow(dZ, dZ, DSums: Term("orthogonal (5)", dZ * h.Sign())); // (4) (5)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk) =>
        walk.Sums(HiddenSize); // [H] (5)

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var weights = Weights();
        var h = ForwardStep(ProjectInput(x), before, weights).After.Hidden; // [B, H] (2) (3)
        return Scaled(h.ne(Scalars.Zero).to(h.dtype), weights.HiddenWeight!); // [B, H, H] (7)
    }

    internal override (string Name, Tensor Gradient) ParameterGradient(Tensor dRecurrentWeight) =>
        (nameof(skew_hh), SkewMap.Gradient(skew_hh, dRecurrentWeight));

    internal override void ResetOwn(Generator? generator)
    {
        skew_hh.zero_();
        SkewAngles.Write(skew_hh, SkewAngles.Uniform(HiddenSize / 2, generator));
        GateBlocks.Uniform(bias, 0.01, generator);
    }
}
