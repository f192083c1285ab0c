using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The vanilla cell, as nn.RNNCell:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  h_t = φ(z_t)                φ = tanh, ReLU or the identity
/// backward
/// (3)  dz_t = dh_t φ'(z_t)         φ' = 1 - h_t² for tanh, [h_t &gt; 0] for ReLU, 1 for the identity
/// (4)  dp_t = dq_t = dz_t
/// Jacobian
/// (5)  ∂h_t/∂h_{t-1} = diag(φ'(z_t)) W_hh
/// </code>
/// Source: J. L. Elman, "Finding structure in time", 1990; parameters as in PyTorch; for (5) R. Pascanu, T. Mikolov and
/// Y. Bengio, "On the difficulty of training recurrent neural networks", 2013, where the state is the other side of φ.
/// Nothing is kept besides h.
/// <para>Memory: One step back multiplies a gradient by (5), the same W_hh at every step, so it vanishes or explodes as a
/// power does; with ReLU and W_hh = I, the start irnn, it passes unchanged through every unit that is on.</para>
/// <para>Limits: With tanh it learns little from more than some ten steps back, whatever its start; with ReLU nothing bounds
/// h, so that it needs gradient clipping.</para>
/// </summary>
public sealed class VanillaRnnCell : GatedCell
{
    private static readonly string[] GateNames = ["h"];

    /// <summary>Makes a cell with the arguments of nn.RNNCell, and PyTorch's default initialisation, U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="nonLinearity">φ: tanh or ReLU.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or the nonlinearity is unknown.</exception>
    public VanillaRnnCell(long inputSize, long hiddenSize, nn.NonLinearities nonLinearity = nn.NonLinearities.Tanh, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : this(inputSize, hiddenSize, FromTorch(nonLinearity), bias, device, dtype)
    {
    }

    /// <summary>Makes a cell with an activation of ours, and the same initialisation.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or the activation is unknown.</exception>
    public VanillaRnnCell(long inputSize, long hiddenSize, Activation activation, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(VanillaRnnCell), inputSize, hiddenSize, GateNames, bias, device, dtype) =>
        Activation = Check.Known(activation, nameof(activation));

    internal VanillaRnnCell(long inputSize, long hiddenSize, Activation activation, CellWeights weights)
        : base(nameof(VanillaRnnCell), inputSize, hiddenSize, GateNames, weights) => Activation = activation;

    /// <summary>φ.</summary>
    public Activation Activation { get; }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    /// <summary>One checked step without hooks; arguments and result as in <see cref="call"/>.</summary>
    public Tensor forward(Tensor input, Tensor? h0 = null) => forward(input, RecurrentState.Of(h0)).Hidden;

    internal static Activation FromTorch(nn.NonLinearities nonLinearity) =>
        Check.Known(nonLinearity, nameof(nonLinearity)) == nn.NonLinearities.ReLU ? Activation.Relu : Activation.Tanh;

    internal override CellKind? Kernel => Activation switch
    {
        Activation.Tanh => CellKind.Tanh,
        Activation.Relu => CellKind.Relu,
        _ => CellKind.Linear,
    };

    internal override OnnxOperator Operator => new("RNN", GateNames, Activation == Activation.Linear ? "Affine" : Activation.ToString());

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var z = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p); // [B, H] (1)
        return new CellStep([Activation switch // [B, H] (2)
        {
            Activation.Tanh => z.Tanh(),
            Activation.Relu => z.Relu(),
            _ => z,
        }]);
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var h = tape.After[0]; // [B, H]
        var dZ = Term("vanilla (3)", Activation switch // [B, H] (3)
        {
            Activation.Tanh => dH * TanhSlope("vanilla (3)", h),
            Activation.Relu => dH.WhereNotBelow(h), // 0 times ∞ is not asked for
            _ => dH,
        });
        return new StepFlow(dZ, dZ); // (4)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var h = Step(x, before).Hidden; // [B, H] (1) (2)
        var slope = Activation switch // [B, H] (3)
        {
            Activation.Tanh => TanhSlope(h),
            Activation.Relu => h.gt(Scalars.Zero).to(h.dtype),
            _ => ones_like(h),
        };
        return Scaled(slope, weight_hh); // [B, H, H] (5)
    }
}

/// <summary>The nonlinearity of a <see cref="VanillaRnnCell"/>.</summary>
public enum Activation
{
    /// <summary>tanh(z).</summary>
    Tanh,

    /// <summary>max(z, 0).</summary>
    Relu,

    /// <summary>z itself. With it h_T = W^T h_0 for zero input, so gradients are exact powers of W; libtorch has no such module.</summary>
    Linear,
}
