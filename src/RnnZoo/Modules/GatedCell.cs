using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A cell with PyTorch's four parameters, each a stack of one block per gate:
/// weight_ih [G·H, I], weight_hh [G·H, H], bias_ih [G·H], bias_hh [G·H].
/// </summary>
public abstract class GatedCell : RecurrentCell
{
    private protected GatedCell(string name, long inputSize, long hiddenSize, string[] gates, bool bias, Device? device, ScalarType? dtype)
        : base(name, inputSize, hiddenSize)
    {
        Gates = gates;
        var bound = 1 / Math.Sqrt(hiddenSize);
        weight_ih = Draw(gates.Length * hiddenSize, inputSize);
        weight_hh = Draw(gates.Length * hiddenSize, hiddenSize);
        bias_ih = bias ? Draw(gates.Length * hiddenSize) : null;
        bias_hh = bias ? Draw(gates.Length * hiddenSize) : null;

        // Drawn on the CPU and in the order of torch.nn's cells, then moved: the same seed gives the same values.
        Parameter Draw(params long[] shape)
        {
            using var scope = NewDisposeScope();
            var values = empty(shape).uniform_(-bound, bound).to(dtype ?? get_default_dtype(), device ?? CPU);
            var parameter = new Parameter(values);
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }

    private protected GatedCell(string name, long inputSize, long hiddenSize, string[] gates, CellWeights weights)
        : base(name, inputSize, hiddenSize)
    {
        Gates = gates;
        Bind(weights);
    }

    /// <summary>The gates' names, in the order of their blocks.</summary>
    public IReadOnlyList<string> Gates { get; }

    /// <summary>Input weights [G·H, I].</summary>
    public Parameter weight_ih
    {
        get => get_parameter(nameof(weight_ih))!;
        set => Replace(nameof(weight_ih), value, Gates.Count * HiddenSize, InputSize);
    }

    /// <summary>Recurrent weights [G·H, H].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, Gates.Count * HiddenSize, HiddenSize);
    }

    /// <summary>Input bias [G·H], or null for a cell without bias.</summary>
    public Parameter? bias_ih
    {
        get => get_parameter(nameof(bias_ih));
        set => Replace(nameof(bias_ih), value, Gates.Count * HiddenSize);
    }

    /// <summary>Recurrent bias [G·H], or null for a cell without bias.</summary>
    public Parameter? bias_hh
    {
        get => get_parameter(nameof(bias_hh));
        set => Replace(nameof(bias_hh), value, Gates.Count * HiddenSize);
    }

    /// <summary>The bias that the input part of a step can carry for the whole sequence, [G·H] or null.</summary>
    private protected virtual Tensor? ProjectedBias =>
        bias_ih is { } input && bias_hh is { } hidden ? input.add(hidden) : bias_ih; // [G·H]

    /// <summary>x W_ih' + b for every row at once: one product for the sequence.</summary>
    /// <param name="input">[T, B, I] or [B, I].</param>
    /// <returns>[T, B, G·H] or [B, G·H].</returns>
    public override Tensor ProjectInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        long[] leading = input.shape[..^1];
        var rows = input.reshape(leading.Aggregate(1L, (product, size) => product * size), InputSize); // [T·B, I]
        var weight = weight_ih.t(); // [I, G·H]
        var projected = ProjectedBias is { } bias ? bias.addmm(rows, weight) : rows.mm(weight); // [T·B, G·H]
        return projected.view([.. leading, Gates.Count * HiddenSize]).MoveToOuterDisposeScope(); // [T, B, G·H]
    }

    /// <inheritdoc/>
    public override RecurrentState Step(Tensor x, RecurrentState state) => StepProjected(ProjectInput(x), state);

    /// <inheritdoc/>
    public override RecurrentState StepProjected(Tensor projected, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(projected);
        ArgumentNullException.ThrowIfNull(state);
        return Advance(projected, state, weight_hh, tapCell: null);
    }

    /// <summary>The step's equations on a given W_hh.</summary>
    /// <param name="projected">[B, G·H].</param>
    /// <param name="state">The state before the step.</param>
    /// <param name="hiddenWeight">W_hh [G·H, H], or what stands for it on the tape.</param>
    /// <param name="tapCell">Stands between c_t and all that reads it, in a cell that has one.</param>
    internal abstract RecurrentState Advance(Tensor projected, RecurrentState state, Tensor hiddenWeight, Func<Tensor, Tensor>? tapCell);

    /// <summary>Takes parameters that something else owns, in place of those held so far.</summary>
    internal void Bind(CellWeights weights)
    {
        weight_ih = weights.InputWeight;
        weight_hh = weights.HiddenWeight;
        bias_ih = weights.InputBias;
        bias_hh = weights.HiddenBias;
    }

    /// <summary>Nothing: the parameters are registered by name as they are set.</summary>
    protected override void RegisterComponents()
    {
    }

    private void Replace(string name, Parameter? value, params long[] shape)
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
