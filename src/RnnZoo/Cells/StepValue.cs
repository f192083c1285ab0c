using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// A value in a cell's step, whatever computes with it: a tensor, a node of an ONNX graph, memory of a <c>Stepper</c>. A cell
/// says its step once, in the operations of this class, and every one of them takes it from there.
/// </summary>
/// <remarks>
/// A row of a batch is on the last axis; a vector [n] meets rows of n in each of them. Where a value of the step meets a weight,
/// it stands on the left: it knows what the weight is to become.
/// </remarks>
internal abstract class StepValue
{
    /// <summary>a + b, element by element.</summary>
    public static StepValue operator +(StepValue a, StepValue b) => a.Apply(StepOperation.Add, b);

    /// <summary>a - b, element by element.</summary>
    public static StepValue operator -(StepValue a, StepValue b) => a.Apply(StepOperation.Sub, b);

    /// <summary>a b, element by element.</summary>
    public static StepValue operator *(StepValue a, StepValue b) => a.Apply(StepOperation.Mul, b);

    /// <summary>a / b, element by element.</summary>
    public static StepValue operator /(StepValue a, StepValue b) => a.Apply(StepOperation.Div, b);

    /// <summary>A number minus a.</summary>
    public static StepValue operator -(double number, StepValue a) => a.From(number);

    /// <summary>-a.</summary>
    public static StepValue operator -(StepValue a) => a.Times(-1);

    /// <summary>a times a number.</summary>
    public static StepValue operator *(StepValue a, double factor) => a.Times(factor);

    /// <summary>1 / (1 + e^-a).</summary>
    public StepValue Sigmoid() => Apply(StepOperation.Sigmoid);

    /// <summary>tanh a.</summary>
    public StepValue Tanh() => Apply(StepOperation.Tanh);

    /// <summary>e^a.</summary>
    public StepValue Exp() => Apply(StepOperation.Exp);

    /// <summary>log(1 + e^a).</summary>
    public StepValue Softplus() => Apply(StepOperation.Softplus);

    /// <summary>√a, of what is 0 or above.</summary>
    public StepValue Sqrt() => Apply(StepOperation.Sqrt);

    /// <summary>max(a, 0).</summary>
    public StepValue Relu() => Apply(StepOperation.Relu);

    /// <summary>-1, 0 or 1.</summary>
    public StepValue Sign() => Apply(StepOperation.Sign);

    /// <summary>|a|.</summary>
    public StepValue Abs() => Apply(StepOperation.Abs);

    /// <summary>sin a, of radians.</summary>
    public StepValue Sin() => Apply(StepOperation.Sin);

    /// <summary>cos a, of radians.</summary>
    public StepValue Cos() => Apply(StepOperation.Cos);

    /// <summary>max(a, number).</summary>
    public StepValue AtLeast(double number) => Apply(StepOperation.Max, Filled(number));

    /// <summary>a where a test is above 0, else 0: where it is NaN too.</summary>
    public StepValue WherePositive(StepValue test) => Apply(StepOperation.WherePositive, test);

    /// <summary>0 where a test is 0 or below, else a: where it is NaN too.</summary>
    public StepValue WhereNotBelow(StepValue test) => Apply(StepOperation.WhereNotBelow, test);

    /// <summary>a W' for every row, and what is added to it.</summary>
    /// <param name="weight">W [N, n].</param>
    /// <param name="plus">[N], or as the result; null for nothing.</param>
    /// <returns>Rows of N.</returns>
    public abstract StepValue Product(StepValue weight, StepValue? plus = null);

    /// <summary>a W for every row: the way back through <see cref="Product"/>.</summary>
    /// <param name="weight">W [n, N].</param>
    /// <param name="plus">As the result; null for nothing.</param>
    /// <returns>Rows of N.</returns>
    public virtual StepValue Through(StepValue weight, StepValue? plus = null) => throw NoWayBack();

    /// <summary>The mean of every row.</summary>
    /// <returns>Rows of 1, which meet every entry of a row of another value.</returns>
    public virtual StepValue RowMean() => throw NoWayBack();

    /// <summary>√(variance + ε) of every row: what <see cref="Normalised"/> divides by.</summary>
    /// <returns>Rows of 1.</returns>
    public virtual StepValue RowScale(double epsilon) => throw NoWayBack();

    /// <summary>Rows as this value's, filled with a number.</summary>
    public virtual StepValue Filled(double number) => throw NoWayBack();

    /// <summary>(a - mean(a)) / √(variance(a) + ε) of every row, times a gain, plus a bias; each [n] or null.</summary>
    public abstract StepValue Normalised(StepValue? gain, StepValue? bias, double epsilon);

    /// <summary>√(1 - e^2a) of what is 0 or below, near 0 without loss of digits. Its gradient takes the slope of the root as at most a bound.</summary>
    /// <param name="exp">e^a.</param>
    /// <param name="steepest">The bound, for what finds gradients.</param>
    public virtual StepValue SqrtOneMinusSquare(StepValue exp, double steepest)
    {
        var half = (this * -1).Tanh(); // 1 - e^2a = tanh(-a) (1 + e^2a)
        return (half + (half * (exp * exp))).Sqrt();
    }

    /// <summary>σ(a) and σ(b), both divided by their sum, also where both are too small for a number.</summary>
    public virtual (StepValue A, StepValue B) SigmoidShares(StepValue b)
    {
        var log = (this * -1).Softplus() - (b * -1).Softplus(); // log σ(b) - log σ(a)
        return ((log * -1).Sigmoid(), log.Sigmoid());
    }

    /// <summary>This value, which does not depend on another one: on autograd's tape its gradient by that is 0, in place of none.</summary>
    /// <param name="unread">As this value.</param>
    public virtual StepValue IndependentOf(StepValue unread) => this;

    /// <summary>Cuts every row into parts.</summary>
    public abstract StepValue[] Split(params long[] sizes);

    /// <summary>Joins rows, this value's first.</summary>
    public abstract StepValue Join(params StepValue[] others);

    /// <summary>The length of a row.</summary>
    public abstract long Length { get; }

    /// <summary>Cuts every row into equal parts.</summary>
    public StepValue[] Split(int parts) => Split([.. Enumerable.Repeat(Length / parts, parts)]);

    /// <summary>An operation on this value and, where it has two operands, another one.</summary>
    protected abstract StepValue Apply(StepOperation operation, StepValue? other = null);

    /// <summary>This value times a number.</summary>
    protected abstract StepValue Times(double factor);

    /// <summary>A number minus this value.</summary>
    protected abstract StepValue From(double number);

    private NotSupportedException NoWayBack() => new($"value: expected one that a step back can be found with, a tensor or rows of a program, got a {GetType().Name}.");
}

/// <summary>What a cell makes of a step.</summary>
/// <param name="After">The parts of the state, h first.</param>
/// <param name="Kept">What goes on the tape.</param>
internal sealed record CellStep(StepValue[] After, params StepValue[] Kept);

/// <summary>The weights of <see cref="LayerWeights"/>, as a step reads them.</summary>
internal sealed record StepWeights(StepValue InputWeight, StepValue? HiddenWeight, StepValue? InputBias, StepValue? HiddenBias, params StepValue[] Further)
{
    /// <summary>What is made of the weights alone, once for all steps; see <see cref="EquationCell.Derive"/>.</summary>
    public StepValue[] Derived { get; init; } = [];

    /// <summary>What recurrent dropout multiplies h_{t-1} with before the product; null for nothing.</summary>
    public StepValue? RecurrentMask { get; init; }

    /// <summary>What the recurrent product sees of h.</summary>
    public StepValue Seen(StepValue h) => RecurrentMask is null ? h : h * RecurrentMask;

    /// <summary>b_ih + b_hh, or null.</summary>
    public StepValue? BothBiases() => InputBias is { } input && HiddenBias is { } hidden ? input + hidden : InputBias;
}

/// <summary>A step in TorchSharp's operations.</summary>
internal sealed class TensorValue(Tensor tensor) : StepValue
{
    public override long Length => tensor.size(-1);

    public static Tensor Of(StepValue value) => ((TensorValue)value).Tensor;

    private Tensor Tensor => tensor;

    public override StepValue Product(StepValue weight, StepValue? plus = null)
    {
        var (matrix, added) = (Of(weight), plus is null ? null : Of(plus)); // [N, n], and [N] or [B, N]
        long[] leading = Check.ShapeOf(tensor)[..^1];
        var rows = leading.Length == 1 ? tensor : tensor.flatten(0, -2); // [B, n] or [T·B, n]
        var product = added is { Dimensions: > 1 } ? added.addmm(rows, matrix.t()) : rows.Linear(matrix, added); // [B, N] or [T·B, N]
        return new TensorValue(leading.Length == 1 ? product : product.view([.. leading, matrix.size(0)]));
    }

    public override StepValue Through(StepValue weight, StepValue? plus = null) =>
        new TensorValue(plus is null ? tensor.Times(Of(weight)) : tensor.Times(Of(weight)).Plus(Of(plus))); // [B, N]

    public override StepValue RowMean() => new TensorValue(tensor.mean([-1], keepdim: true)); // [.., 1]

    public override StepValue RowScale(double epsilon) => new TensorValue(
        tensor.sub(tensor.mean([-1], keepdim: true)).Squared().mean([-1], keepdim: true).Plus(Scalars.Of(epsilon)).sqrt()); // [.., 1]

    public override StepValue Filled(double number) => new TensorValue(full_like(tensor, Scalars.Of(number))); // as a

    public override StepValue Normalised(StepValue? gain, StepValue? bias, double epsilon) =>
        new TensorValue(nn.functional.layer_norm(tensor, [Length], gain is null ? null : Of(gain), bias is null ? null : Of(bias), epsilon));

    public override StepValue[] Split(params long[] sizes) => Array.ConvertAll(tensor.split(sizes, -1), part => new TensorValue(part));

    public override StepValue Join(params StepValue[] others) => new TensorValue(cat([tensor, .. others.Select(Of)], -1));

    public override StepValue IndependentOf(StepValue unread) =>
        Of(unread) is { requires_grad: true } other ? new TensorValue(where(ones([], dtype: ScalarType.Bool, device: tensor.device), tensor, other)) : this;

    // The value of 1 - e^2a is expm1's, its gradient that of e^2a: expm1's own, by its result plus 1, is 0 where e^2a is lost in 1.
    // Where the root is steeper than the bound, a line of that slope stands in, moved to the root's own value.
    public override StepValue SqrtOneMinusSquare(StepValue root, double steepest)
    {
        var twice = tensor.mul(Scalars.Of(2.0)); // as a
        var (exp, value, least) = (twice.exp(), twice.detach().expm1().neg(), Scalars.Of(0.25 / (steepest * steepest))); // as a; below the least the root is steeper
        var rest = value.sub(exp.sub(exp.detach())); // as a
        var line = rest.sub(value).mul(Scalars.Of(steepest)).Plus(value.sqrt()); // as a
        return new TensorValue(where(value.lt(least), line, rest.clamp_min(least).sqrt()));
    }

    protected override StepValue Apply(StepOperation operation, StepValue? other = null) => new TensorValue(operation switch
    {
        StepOperation.Add => tensor.Plus(Of(other!)),
        StepOperation.Sub => tensor.sub(Of(other!)),
        StepOperation.Mul => tensor.mul(Of(other!)),
        StepOperation.Div => tensor.div(Of(other!)),
        StepOperation.Exp => tensor.exp(),
        StepOperation.Softplus => nn.functional.logsigmoid(tensor.neg()).neg(), // torch's own softplus is x itself above 20
        StepOperation.Sqrt => tensor.sqrt(),
        StepOperation.Sigmoid => tensor.sigmoid(),
        StepOperation.Tanh => tensor.tanh(),
        StepOperation.Relu => tensor.relu(),
        StepOperation.Sign => tensor.sign(),
        StepOperation.Abs => tensor.abs(),
        StepOperation.Sin => tensor.sin(),
        StepOperation.Cos => tensor.cos(),
        StepOperation.Max => tensor.maximum(Of(other!)),
        StepOperation.WherePositive => tensor.masked_fill(Of(other!).gt(Scalars.Zero).logical_not(), Scalars.Zero),
        StepOperation.WhereNotBelow => tensor.masked_fill(Of(other!).le(Scalars.Zero), Scalars.Zero),
        _ => throw new NotSupportedException($"operation: expected one of {string.Join(", ", Enum.GetNames<StepOperation>())}, got {operation}."),
    });

    protected override StepValue Times(double factor) => new TensorValue(tensor.mul(Scalars.Of(factor)));

    protected override StepValue From(double number) => new TensorValue(tensor.neg().Plus(Scalars.Of(number)));
}
