using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One use of a <see cref="LayerFunction"/>: how to compute, and for whom. It lives in the function's context.</summary>
/// <remarks>
/// The kernels write a tape. The equations keep none: their backward pass runs their forward pass again, on autograd's own tape
/// when the gradient is itself to be differentiated (create_graph).
/// </remarks>
/// <param name="kernel">What computes the layer; null for the equations.</param>
/// <param name="tapes">Where the kernels' tape comes from and goes to.</param>
/// <param name="equations">The same in tensor operations.</param>
/// <param name="reversed">Whether the sequence is walked from T - 1 to 0.</param>
/// <param name="observer">Is given the gradients of the steps; null for none.</param>
/// <param name="norms">Takes the norms of the steps' gradients; null for none.</param>
internal sealed class LayerCall(ILayerKernel? kernel, TapePool tapes, LayerBptt equations, bool reversed, Action<StepGradients>? observer, StepNorms? norms)
{
    private NodeArguments? _arguments;
    private WantedGradients _wanted;
    private TapePool.Loan? _loan;

    /// <summary>h at every step [T, B, H], while the node is made.</summary>
    public Tensor? Output { get; private set; }

    /// <summary>The final state [S, B, H], while the node is made.</summary>
    public Tensor? Final { get; private set; }

    /// <summary>Runs the layer without a backward pass to follow.</summary>
    /// <returns>h at every step [T, B, H], and the final state [S, B, H].</returns>
    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments)
    {
        if (kernel is not null)
        {
            return kernel.Forward(arguments, reversed, tape: 0);
        }

        var (input, initial, weights) = ForEquations(arguments);
        var run = equations.Forward(input, initial, weights, reversed, keepTape: false);
        return (run.Output, stack(run.Final, 0)); // [S, B, H]
    }

    /// <summary>Runs the layer for a node: <see cref="Output"/> and <see cref="Final"/> have what it gives.</summary>
    /// <param name="arguments">What the layer reads.</param>
    /// <param name="slots">The same as the node takes it.</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>The kernels' tape, in no dispose scope, for <see cref="Keep"/>; null where the equations run.</returns>
    public Tensor? ForwardOnTape(LayerArguments arguments, Tensor?[] slots, BackwardFailures failures)
    {
        using var noTape = no_grad();
        _arguments = new NodeArguments(slots, failures);
        _wanted = observer is null ? WantedGradients.None : WantedGradients.Steps;
        for (var slot = 0; slot < slots.Length; slot++)
        {
            _wanted |= _arguments.Wants(slot) ? LayerArguments.GradientOf(slot) : WantedGradients.None;
        }

        if (kernel is null)
        {
            (Output, Final) = Forward(arguments);
            return null;
        }

        _loan = new TapePool.Loan(tapes, kernel.TapeElements(arguments), arguments.Weights.InputWeight);
        var tape = _loan.Take();
        try
        {
            (Output, Final) = kernel.Forward(arguments, reversed, TensorMemory.Address(tape));
            return tape;
        }
        catch
        {
            tape.Dispose();
            throw;
        }
    }

    /// <summary>The node is made: its tape lives as long as a tensor of its own.</summary>
    public void Keep(Tensor owner, Tensor tape)
    {
        _loan!.Keep(owner, tape);
        (Output, Final) = (null, null);
    }

    /// <param name="saved">The arguments; null for one that this layer does not have.</param>
    /// <param name="cotangents">Gradients of the outputs.</param>
    /// <returns>One gradient an argument; null where none is wanted.</returns>
    public List<Tensor?> Backward(Tensor?[] saved, LayerCotangents cotangents)
    {
        var arguments = LayerArguments.FromSlots(saved);
        if (kernel is null || is_grad_enabled())
        {
            return BySlot(ByEquations(arguments, cotangents));
        }

        return BySlot(_loan!.Use(
            write: tape => kernel.Forward(arguments, reversed, TensorMemory.Address(tape)),
            read: tape => kernel.Backward(arguments, reversed, TensorMemory.Address(tape), cotangents, _wanted, norms)));
    }

    /// <summary>What stands in the place of gradients that could not be found.</summary>
    public List<Tensor?> Fail(Exception failure) => _arguments!.Fail(failure);

    private LayerGradients ByEquations(LayerArguments arguments, LayerCotangents cotangents)
    {
        var (input, initial, weights) = ForEquations(arguments);
        var gradients = equations.Backward(equations.Forward(input, initial, weights, reversed).Tape!, cotangents, _wanted, norms);
        if (observer is not null && gradients.Steps is { } steps)
        {
            observer(steps);
        }

        return gradients;
    }

    // The equations take features, and parts [B, H]; the arguments may be token ids, and parts [1, B, H].
    private static LayerArguments ForEquations(LayerArguments arguments)
    {
        var (input, initial, weights) = arguments;
        return new LayerArguments(
            TokenInput.Is(input) ? TokenInput.OneHot(input, weights.InputSize, weights.InputWeight.dtype) : input, // [T, B, I]
            initial.Hidden.Dimensions == 3 ? initial.Map(part => part.squeeze(0)) : initial, // parts [B, H]
            weights);
    }

    // A gradient that is missing or of a wrong shape is found here: libtorch would not survive all of them.
    private List<Tensor?> BySlot(LayerGradients gradients)
    {
        var found = LayerArguments.SlotsOf(gradients); // without further parameters where none of their gradients is wanted
        return [.. Enumerable.Range(0, _arguments!.Count).Select(slot => _arguments.Wants(slot) ? Checked(found.ElementAtOrDefault(slot), slot) : null)];
    }

    private Tensor Checked(Tensor? gradient, int slot)
    {
        var shape = _arguments!.ShapeOf(slot);
        if (gradient is not null && shape.Length == gradient.Dimensions + 1)
        {
            gradient = gradient.unsqueeze(0); // [1, B, H], of a state that has that axis
        }

        return gradient is not null && Check.HasShape(gradient, shape)
            ? gradient
            : throw new InvalidOperationException($"{kernel?.GetType().Name ?? equations.GetType().Name}: expected gradient {slot} of shape {Check.Show(shape)}, got {(gradient is null ? "none" : Check.Show(gradient.shape))}.");
    }
}
