using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// A cell that this library has equations for, and so a hand-written path. Its input part is one product for the whole
/// sequence, with one block for each gate: weight_ih [G·H, I] and bias_ih [G·H].
/// </summary>
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

    /// <summary>What h_{t-1} is multiplied with, for the hand-written path; null for a cell whose gates do not see the state.</summary>
    internal abstract Tensor? RecurrentWeight { get; }

    /// <summary>The second bias [G·H], or null.</summary>
    internal virtual Tensor? RecurrentBias => null;

    /// <summary>The parameters beyond the input's and the state's weights and biases, in the order of <see cref="FurtherNames"/>.</summary>
    internal virtual IReadOnlyList<Tensor> Further => [];

    /// <summary>The names of <see cref="Further"/>.</summary>
    internal virtual IReadOnlyList<string> FurtherNames => [];

    /// <summary>Whether the state has a c besides h.</summary>
    internal bool HasCellState => StateSizes.Count > 1;

    /// <summary>The bias that the input part of a step can carry for the whole sequence, [G·H] or null.</summary>
    private protected virtual Tensor? ProjectedBias => bias_ih;

    /// <summary>x W_ih' + b for every row at once: one product for the sequence.</summary>
    /// <param name="input">[T, B, I] or [B, I].</param>
    /// <returns>[T, B, G·H] or [B, G·H].</returns>
    public override Tensor ProjectInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        return InputProduct(input, ProjectedBias).MoveToOuterDisposeScope(); // [T, B, G·H]
    }

    /// <inheritdoc/>
    public override RecurrentState Step(Tensor x, RecurrentState state) => StepProjected(ProjectInput(x), state);

    /// <inheritdoc/>
    public override RecurrentState StepProjected(Tensor projected, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(projected);
        ArgumentNullException.ThrowIfNull(state);
        return Advance(projected, state, RecurrentWeight, tapCell: null);
    }

    /// <summary>The step's equations on a given recurrent weight.</summary>
    /// <param name="projected">[B, G·H].</param>
    /// <param name="state">The state before the step.</param>
    /// <param name="hiddenWeight"><see cref="RecurrentWeight"/>, or what stands for it on the tape.</param>
    /// <param name="tapCell">Stands between c_t and all that reads it, in a cell that has one.</param>
    internal abstract RecurrentState Advance(Tensor projected, RecurrentState state, Tensor? hiddenWeight, Func<Tensor, Tensor>? tapCell);

    /// <summary>x W_ih' + b for every row at once; the caller's scope takes what is made on the way.</summary>
    private protected Tensor InputProduct(Tensor input, Tensor? bias)
    {
        long[] leading = input.shape[..^1];
        var rows = input.reshape(leading.Aggregate(1L, (product, size) => product * size), InputSize); // [T·B, I]
        var weight = weight_ih.t(); // [I, G·H]
        var product = bias is null ? rows.mm(weight) : bias.addmm(rows, weight); // [T·B, G·H]
        return product.view([.. leading, Gates.Count * HiddenSize]); // [T, B, G·H]
    }

    /// <summary>Fills what has initial values of its own kind. The caller is off the tape.</summary>
    internal virtual void ResetOwn(Generator? generator)
    {
    }

    /// <summary>Is called before a sequence in training: brings parameters back to where they may be.</summary>
    internal virtual void BeginTraining()
    {
    }

    /// <summary>From the gradient of <see cref="RecurrentWeight"/> to that of the parameter it is made of.</summary>
    internal virtual (string Name, Tensor Gradient) ParameterGradient(Tensor dRecurrentWeight) => ("weight_hh", dRecurrentWeight);

    /// <summary>Nothing: the parameters are registered by name as they are set.</summary>
    protected override void RegisterComponents()
    {
    }

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
}
