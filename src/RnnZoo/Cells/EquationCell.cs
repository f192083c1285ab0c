using RnnZoo.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// A cell that this library has equations for, and so a hand-written path: one step, its derivative, and its Jacobian. Its
/// input part is one product for the whole sequence, with one block for each gate: weight_ih [G·H, I] and bias_ih [G·H].
/// </summary>
/// <remarks>
/// The letters of every cell's equations: p_t = W_ih x_t + b is the input part, q_t = W_hh h_{t-1} the state's part; dy is
/// ∂L/∂y; products of vectors are element by element; σ'(z) = y - y² for y = σ(z), tanh'(z) = 1 - y² for y = tanh(z).
/// </remarks>
public abstract class EquationCell : RecurrentCell
{
    private protected EquationCell(string name, long inputSize, long hiddenSize, string[] gates)
        : base(name, inputSize, hiddenSize) => Gates = gates;

    /// <summary>The gates' names, in the order of their blocks.</summary>
    public IReadOnlyList<string> Gates { get; }

    /// <summary>Input weights [G·H, I].</summary>
    public Parameter weight_ih
    {
        get => get_parameter(nameof(weight_ih))!;
        set => Replace(nameof(weight_ih), value, Gates.Count * HiddenSize, InputSize);
    }

    /// <summary>Input bias [G·H], or null for a cell without bias.</summary>
    public Parameter? bias_ih
    {
        get => get_parameter(nameof(bias_ih));
        set => Replace(nameof(bias_ih), value, Gates.Count * HiddenSize);
    }

    /// <summary>The kernel that was written for the cell; null for a cell whose equations run as a program.</summary>
    internal virtual CellKind? Kernel => null;

    /// <summary>Whether a product with h_{t-1} is part of the step.</summary>
    internal virtual bool HasHiddenWeight => true;

    /// <summary>How many blocks W_hh [·H, H] and b_hh have, where there is a W_hh.</summary>
    internal virtual int RecurrentBlocks => Gates.Count;

    /// <summary>Whether a cell with biases has b_hh beside b_ih.</summary>
    internal virtual bool HasHiddenBias => HasHiddenWeight;

    /// <summary>What h_{t-1} is multiplied with; null for a cell whose gates do not see the state.</summary>
    internal abstract Tensor? RecurrentWeight { get; }

    /// <summary>b_hh, or null.</summary>
    internal virtual Tensor? RecurrentBias => null;

    /// <summary>The parameters beyond the input's and the state's weights and biases, in the order of <see cref="FurtherShapes"/>.</summary>
    internal virtual IReadOnlyList<Tensor> Further => [];

    /// <summary>The names of <see cref="Further"/>.</summary>
    internal IEnumerable<string> FurtherNames => FurtherShapes(HiddenSize, bias_ih is not null).Select(further => further.Name);

    /// <summary>How many tensors of a step, besides the state, go on the tape.</summary>
    internal virtual int KeptParts => 0;

    /// <summary>Whether the state has a c besides h.</summary>
    internal bool HasCellState => StateSizes.Count > 1;

    /// <summary>How many leading parts of the state no step reads.</summary>
    internal virtual int UnreadParts => 0;

    /// <summary>Lets a test put a wrong term into the backward equations; null for none.</summary>
    internal TermHook? Hook { get; set; }

    /// <summary>x W_ih' + b for every row at once: one product for the sequence.</summary>
    /// <param name="input">[T, B, I], or rows [N, I].</param>
    /// <returns>[T, B, G·H] or [N, G·H].</returns>
    public override Tensor ProjectInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        return Project(input, Weights(recurrentWeight: null)).MoveToOuterDisposeScope(); // [T, B, G·H]
    }

    /// <inheritdoc/>
    public override RecurrentState Step(Tensor x, RecurrentState state) => StepProjected(ProjectInput(x), state);

    /// <inheritdoc/>
    public override RecurrentState StepProjected(Tensor projected, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(projected);
        ArgumentNullException.ThrowIfNull(state);
        return ForwardStep(projected, state, Weights()).After;
    }

    /// <summary>The parameters as the equations read them; nothing is copied.</summary>
    internal LayerWeights Weights() => Weights(RecurrentWeight);

    /// <summary>The names and shapes of <see cref="Further"/>.</summary>
    internal virtual (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) => [];

    /// <summary>The operator of ONNX that is this cell over a whole sequence; null for a cell that ONNX has none for.</summary>
    internal virtual OnnxOperator? Operator => null;

    /// <summary>What the steps read that is made of the weights alone: it is found once for a sequence.</summary>
    internal virtual StepValue[] Derive(StepWeights weights) => [];

    /// <summary>The weights, with what is derived from them.</summary>
    internal LayerWeights WithDerived(LayerWeights weights) => weights with { Derived = Array.ConvertAll(Derive(weights.Values()), TensorValue.Of) };

    /// <summary>p_t of every step.</summary>
    /// <param name="x">[T, B, I], or rows [N, I].</param>
    /// <param name="weights">The weights; W_hh is not read.</param>
    /// <returns>[T, B, G·H] or [N, G·H].</returns>
    internal virtual StepValue Project(StepValue x, StepWeights weights) => x.Product(weights.InputWeight, weights.BothBiases()); // [T, B, G·H]

    /// <summary>One step forward.</summary>
    /// <param name="p">p_t [B, G·H].</param>
    /// <param name="before">The parts of the state before the step.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="tapCell">Stands between c_t and all that reads it, in a cell that has one; null for none.</param>
    /// <returns>The state after the step, and what goes on the tape.</returns>
    internal abstract CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null);

    /// <summary>p_t of every step, in tensors.</summary>
    internal Tensor Project(Tensor input, LayerWeights weights) => TensorValue.Of(Project(new TensorValue(input), weights.Values())); // [T, B, G·H]

    /// <summary>One step forward, in tensors.</summary>
    internal (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights, Func<Tensor, Tensor>? tapCell = null)
    {
        var (after, kept) = ForwardStep(new TensorValue(p), [.. before.Select(part => new TensorValue(part))], weights.Values(), tapCell is null ? null : c => new TensorValue(tapCell(TensorValue.Of(c))));
        return (new RecurrentState(Array.ConvertAll(after, TensorValue.Of)), Array.ConvertAll(kept, TensorValue.Of));
    }

    /// <summary>One step back.</summary>
    /// <param name="tape">What the step read and made.</param>
    /// <param name="dH">∂L/∂h_t [B, H], what comes from the output and from the future.</param>
    /// <param name="dCFromFuture">What reaches c_t from c_{t+1} [B, H]; null without a c.</param>
    internal abstract StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture);

    /// <summary>The step Jacobian ∂s_t/∂s_{t-1}, s the parts of the state joined. The tape is off; the caller's scope takes what is made.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="before">Parts [B, H].</param>
    /// <returns>[B, S, S].</returns>
    internal abstract Tensor Jacobian(Tensor x, RecurrentState before);

    /// <summary>What <see cref="BackwardStep"/> reads as kept: what needs no gradient from the future can be found here, for many steps at once.</summary>
    /// <param name="x">x_t, rows of I.</param>
    /// <param name="kept">What the step kept.</param>
    /// <param name="weights">The weights.</param>
    internal virtual StepValue[] Prepared(StepValue x, StepValue[] kept, StepWeights weights) => kept;

    /// <summary>The gradients of <see cref="Further"/>, by what was found at all steps.</summary>
    internal virtual Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk) => [];

    /// <summary>∂L/∂b_hh of every step [N, G·H]: dq_t, unless the bias is added elsewhere.</summary>
    internal virtual Tensor DHiddenBias(BackwardWalk walk) => walk.RecurrentSums;

    /// <summary>From the gradient of <see cref="RecurrentWeight"/> to that of the parameter it is made of.</summary>
    internal virtual (string Name, Tensor Gradient) ParameterGradient(Tensor dRecurrentWeight) => ("weight_hh", dRecurrentWeight);

    /// <summary>Fills what has initial values of its own kind. The caller is off the tape.</summary>
    internal virtual void ResetOwn(Generator? generator)
    {
    }

    /// <summary>Is called before a sequence in training: brings parameters back to where they may be.</summary>
    internal virtual void BeginTraining()
    {
    }

    /// <summary>A term of a backward equation, or what <see cref="Hook"/> puts in its place.</summary>
    internal Tensor Term(string name, Tensor value) => Hook is null ? value : Hook(name, value);

    /// <summary>The same of a value in a step, which a hook sees as a tensor.</summary>
    internal StepValue Term(string name, StepValue value) => Hook is null ? value : new TensorValue(Hook(name, TensorValue.Of(value)));

    /// <summary>Nothing: the parameters are registered by name as they are set.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>dσ(z)/dz by y = σ(z): y - y².</summary>
    private protected StepValue SigmoidSlope(string term, StepValue y) => Term(term + ": y", y) - Term(term + ": y²", y * y);

    /// <summary>dtanh(z)/dz by y = tanh(z): 1 - y².</summary>
    private protected StepValue TanhSlope(string term, StepValue y) => Term(term + ": 1", y.Filled(1)) - Term(term + ": y²", y * y);

    /// <summary>The same without a term's name, for Jacobians.</summary>
    private protected static Tensor SigmoidSlope(Tensor y) => y.sub(y.Squared());

    /// <summary>The same without a term's name, for Jacobians.</summary>
    private protected static Tensor TanhSlope(Tensor y) => ones_like(y).sub(y.Squared());

    /// <summary>diag(v) M for every row of v: row i of M times v[i].</summary>
    /// <param name="v">[B, H].</param>
    /// <param name="matrix">[H, H] or [B, H, H].</param>
    /// <returns>[B, H, H].</returns>
    private protected static Tensor Scaled(Tensor v, Tensor matrix) => v.unsqueeze(2).mul(matrix);

    // Drawn on the CPU and in the order of torch.nn's cells, then moved: the same seed gives the same values.
    private protected static Parameter Draw(double bound, ScalarType? dtype, Device? device, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return Kept(empty(shape).uniform_(-bound, bound), dtype, device);
    }

    /// <summary>A parameter that no dispose scope ends.</summary>
    private protected static Parameter Kept(Tensor values, ScalarType? dtype, Device? device)
    {
        var parameter = new Parameter(values.to(dtype ?? get_default_dtype(), device ?? CPU));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private protected void Replace(string name, Parameter? value, params long[] shape)
    {
        if (value is null)
        {
            if (name.StartsWith("weight", StringComparison.Ordinal))
            {
                throw new ArgumentNullException(nameof(value), $"{name}: expected a parameter {Check.Show(shape)}, got null; only biases can be left out.");
            }

            if (get_parameter(name) is not null)
            {
                ConditionallyRegisterParameter(name, (Parameter?)null);
            }

            return;
        }

        if (!value.shape.SequenceEqual(shape))
        {
            throw new ArgumentException($"{name}: expected shape {Check.Show(shape)}, got {Check.Show(value.shape)}.");
        }

        ConditionallyRegisterParameter(name, value);
    }

    private LayerWeights Weights(Tensor? recurrentWeight) =>
        WithDerived(new LayerWeights(weight_ih, recurrentWeight, bias_ih, RecurrentBias) { HiddenSize = HiddenSize, Further = Further });
}

/// <summary>The operator of ONNX that is a cell over a whole sequence.</summary>
/// <param name="Name">RNN, LSTM or GRU.</param>
/// <param name="Gates">The cell's gates, in the operator's order.</param>
/// <param name="Activation">The activation of RNN; null where the operator's own are the cell's.</param>
internal sealed record OnnxOperator(string Name, string[] Gates, string? Activation = null);
