using System.Diagnostics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>
/// Plugs a hand-written backward pass into autograd: one node for all steps of one direction of one layer. Outputs: h at
/// every step, [T, B, H] or packed rows [N, H], and the final state as <see cref="LayerArguments.Joined"/> has it.
/// </summary>
/// <remarks>
/// Arguments are saved variables, so one that is changed in place before the backward pass is found there. The output is not:
/// the tape has h once more, so it may be changed. Nothing leaves <see cref="backward"/>: see <see cref="BackwardFailures"/>.
/// </remarks>
internal sealed class LayerFunction : MultiTensorFunction<LayerFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(LayerFunction);

    /// <summary>Runs a layer and, if anything asks for a gradient, puts it on the tape.</summary>
    public static RecurrentResult Run(LayerCall call, LayerArguments arguments, BackwardFailures failures)
    {
        using var scope = NewDisposeScope();
        Tensor?[] slots = [.. arguments.Slots(), .. call.Noise];
        var needsGradient = is_grad_enabled() && Array.Exists(slots, tensor => tensor is { requires_grad: true });
        var (output, final) = needsGradient ? OnTape(call, arguments, slots, failures) : call.Forward(arguments); // [T, B, H] or [N, H], and [B, H], [1, B, H] or [B·S + …]
        return new RecurrentResult(output.MoveToOuterDisposeScope(), new RecurrentState(arguments.StateOf(final)).MoveToOuterDisposeScope());
    }

    // The layer ran before: an exception here would leave the node, and all that it leads to, alive for ever.
    public override List<Tensor> forward(AutogradContext ctx, params object[] vars)
    {
        var call = (LayerCall)vars[0];
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([.. vars[1..].Select(value => (Tensor)value)]); // null for an argument that this layer does not have
        return [call.Output!, call.Final!];
    }

    public override List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var call = (LayerCall)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        List<Tensor?> gradients;
        try
        {
            var output = grad_outputs[0] is { Dimensions: > 1 } given ? given : null; // [T, B, H] or [N, H]; else nothing reaches it
            gradients = call.Backward([.. ctx.get_saved_variables()], output, grad_outputs[1]);
        }
        catch (Exception failure)
        {
            gradients = call.Fail(failure);
        }

        gradients.ForEach(gradient => gradient?.MoveToOuterDisposeScope());
        grad_outputs.ForEach(cotangent => cotangent.Dispose()); // made for this call; the caller's scope would keep them
        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    private static (Tensor Output, Tensor Final) OnTape(LayerCall call, LayerArguments arguments, Tensor?[] slots, BackwardFailures failures)
    {
        using var tape = call.ForwardOnTape(arguments, slots, failures);
        using var scope = NewDisposeScope();
        var outputs = apply([call, .. slots!]);
        var likes = GraphGuard.LikesOf(scope, outputs);
        if (tape is not null)
        {
            call.Keep(likes[1], tape); // a gradient always comes for the final state: the guard of the output sees to that
        }

        var final = GraphGuard.Of(outputs[1]);
        GraphGuard.In(outputs[0], final);
        return (outputs[0].MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }
}

/// <summary>One use of a <see cref="LayerFunction"/>: how to compute, and for whom. It lives in the function's context.</summary>
/// <remarks>
/// The kernels write a tape. The equations keep none: their backward pass runs their forward pass again, on autograd's own tape
/// when the gradient is itself to be differentiated (create_graph).
/// </remarks>
/// <param name="kernel">What computes the layer; null for the equations.</param>
/// <param name="tapes">Where the kernels' tape comes from and goes to.</param>
/// <param name="equations">The same in tensor operations.</param>
/// <param name="reversed">Whether the sequences are walked from their last step to step 0.</param>
/// <param name="sizes">The sizes of packed rows; null for a batch [T, B, ·].</param>
/// <param name="noise">Recurrent dropout and zoneout, which the equations alone have.</param>
/// <param name="norms">Takes the norms of the steps' gradients; null for none.</param>
internal sealed class LayerCall(ILayerKernel? kernel, TapePool tapes, LayerBptt equations, bool reversed, BatchSizes? sizes, StateNoise noise, StepNorms? norms)
{
    private NodeArguments? _arguments;
    private WantedGradients _wanted;
    private TapePool.Loan? _loan;

    /// <summary>h at every step, [T, B, H] or [N, H], while the node is made.</summary>
    public Tensor? Output { get; private set; }

    /// <summary>The final state, joined, while the node is made.</summary>
    public Tensor? Final { get; private set; }

    /// <summary>What was drawn for the layer: it stands in the slots behind the arguments.</summary>
    public Tensor?[] Noise => noise.IsNone ? [] : noise.Tensors;

    /// <summary>Runs the layer without a backward pass to follow.</summary>
    /// <returns>h at every step, [T, B, H] or [N, H], and the final state, joined.</returns>
    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments)
    {
        if (kernel is not null)
        {
            return kernel.Forward(arguments, reversed, tape: null);
        }

        var (input, initial, weights) = arguments.ForEquations();
        var run = equations.Forward(input, initial, weights, reversed, keepTape: false, sizes, noise);
        return (run.Output, arguments.Joined([.. run.Final]));
    }

    /// <summary>Runs the layer for a node: <see cref="Output"/> and <see cref="Final"/> have what it gives.</summary>
    /// <returns>The kernels' tape, in no dispose scope, for <see cref="Keep"/>; null where the equations run.</returns>
    public Tensor? ForwardOnTape(LayerArguments arguments, Tensor?[] slots, BackwardFailures failures)
    {
        using var noTape = no_grad();
        _arguments = new NodeArguments(slots, failures);
        _wanted = WantedGradients.None;
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
            (Output, Final) = kernel.Forward(arguments, reversed, tape);
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

    /// <param name="saved">The arguments.</param>
    /// <param name="output">∂L/∂output, or null for zero.</param>
    /// <param name="final">∂L/∂(final state), joined; of any other shape where nothing reaches it, for then it is made like what the node keeps.</param>
    /// <returns>One gradient an argument; null where none is wanted.</returns>
    public List<Tensor?> Backward(Tensor?[] saved, Tensor? output, Tensor final)
    {
        if (norms?.Change is not null && is_grad_enabled())
        {
            throw new NotSupportedException("create_graph: expected no hook that changes gradients of steps, which the hand-written path cannot differentiate again; set Backward to Autograd, or detach the trace.");
        }

        var drawn = saved[^Noise.Length..];
        var arguments = LayerArguments.FromSlots(saved[..^drawn.Length]) with { Sizes = sizes };
        Tensor[] dFinal = Check.HasShape(final, arguments.FinalShape) ? Array.ConvertAll(arguments.StateOf(final), part => part.Dimensions == 3 ? part.squeeze(0) : part) : []; // [B, S] each
        var cotangents = new LayerCotangents(output, dFinal.ElementAtOrDefault(0), dFinal.ElementAtOrDefault(1));
        if (kernel is null || is_grad_enabled())
        {
            return BySlot(ByEquations(arguments, noise.With(drawn), cotangents));
        }

        return BySlot(_loan!.Use(
            write: tape => kernel.Forward(arguments, reversed, tape),
            read: tape => kernel.Backward(arguments, reversed, tape, cotangents, _wanted, norms)));
    }

    /// <summary>What stands in the place of gradients that could not be found.</summary>
    public List<Tensor?> Fail(Exception failure) => _arguments!.Fail(failure);

    private LayerGradients ByEquations(LayerArguments arguments, StateNoise drawn, LayerCotangents cotangents)
    {
        var (input, initial, weights) = arguments.ForEquations();
        return equations.Backward(equations.Forward(input, initial, weights, reversed, sizes: sizes, noise: drawn).Tape!, cotangents, _wanted, norms);
    }

    // A gradient that is missing or of a wrong shape is found here: libtorch would not survive all of them.
    private List<Tensor?> BySlot(LayerGradients gradients)
    {
        var found = LayerArguments.SlotsOf(gradients); // without further parameters where none of their gradients is wanted
        var slots = new List<Tensor?>(_arguments!.Count);
        for (var slot = 0; slot < _arguments.Count; slot++)
        {
            slots.Add(_arguments.Wants(slot) ? Checked(found.ElementAtOrDefault(slot), slot) : null);
        }

        return slots;
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

/// <summary>The tensors that a layer reads, in the order in which its autograd function takes them.</summary>
internal sealed record LayerArguments(Tensor Input, RecurrentState Initial, LayerWeights Weights)
{
    /// <summary>The sizes of packed rows; null where the input is [T, B, ·].</summary>
    public BatchSizes? Sizes { get; init; }

    /// <summary>T.</summary>
    public long Steps => Sizes?.Steps ?? Input.size(0);

    /// <summary>B.</summary>
    public long Batch => Sizes?.Batch ?? Input.size(1);

    /// <summary>The shape of h at every step: [T, B, H] or [N, H].</summary>
    public long[] OutputShape => Sizes is null ? [Steps, Batch, Weights.HiddenSize] : [Sizes.Total, Weights.HiddenSize];

    /// <summary>The shape of a state that is one tensor: that of the initial one's only part, or else [B·S + …].</summary>
    public long[] FinalShape => Initial.Count == 1 ? Check.ShapeOf(Initial.Hidden) : [Initial.Sum(part => part.numel())];

    /// <summary>Makes one new tensor of a final state, as a node returns it: its only part, or else the numbers of its parts one after the other.</summary>
    /// <param name="final">Parts [B, S].</param>
    /// <returns>[B, H], or [1, B, H] where the initial state is, or [B·S + …].</returns>
    public Tensor Joined(Tensor[] final) => final.Length > 1 ? cat(Array.ConvertAll(final, part => part.flatten()), 0)
        : Initial.Hidden.Dimensions == 3 ? stack(final, 0)
        : final[0].clone();

    /// <summary>The parts of a final state that is one tensor, in the initial state's shapes; views where there are several.</summary>
    public Tensor[] StateOf(Tensor joined)
    {
        if (Initial.Count == 1)
        {
            return [joined];
        }

        var at = 0L;
        return [.. Initial.Select(part =>
        {
            var own = joined.narrow(0, at, part.numel()).view(Check.ShapeOf(part));
            at += part.numel();
            return own;
        })];
    }

    /// <summary>The same as the equations take it, features and parts [B, H], where these are token ids or parts [1, B, H].</summary>
    public LayerArguments ForEquations() => this with
    {
        Input = TokenInput.Is(Input) ? TokenInput.OneHot(Input, Weights.InputSize, Weights.InputWeight.dtype) : Input, // [T, B, I] or [N, I]
        Initial = Initial.Hidden.Dimensions == 3 ? Initial.Map(part => part.squeeze(0)) : Initial, // parts [B, H]
    };

    private static readonly WantedGradients[] Gradients =
    [
        WantedGradients.Input, WantedGradients.InitialState, WantedGradients.InitialState,
        WantedGradients.InputWeight, WantedGradients.HiddenWeight, WantedGradients.InputBias, WantedGradients.HiddenBias,
    ];

    // Further parameters stand in the slots beyond.
    public static WantedGradients GradientOf(int slot) => slot < Gradients.Length ? Gradients[slot] : WantedGradients.Further;

    /// <summary>One slot per possible argument; null for one that this layer does not have.</summary>
    public Tensor?[] Slots() =>
        [Input, Initial.Hidden, Initial.Count > 1 ? Initial.Cell : null, Weights.InputWeight, Weights.HiddenWeight, Weights.InputBias, Weights.HiddenBias, .. Weights.Further];

    public static LayerArguments FromSlots(Tensor?[] slots) => new(
        slots[0]!,
        slots[2] is { } cell ? new RecurrentState(slots[1]!, cell) : new RecurrentState(slots[1]!),
        new LayerWeights(slots[3]!, slots[4], slots[5], slots[6])
        {
            HiddenSize = slots[1]!.size(-1),
            Further = [.. slots.Skip(Gradients.Length).Select(tensor => tensor!)],
        });

    public static Tensor?[] SlotsOf(LayerGradients gradients) =>
    [
        gradients.Input, gradients.InitialHidden, gradients.InitialCell,
        gradients.InputWeight, gradients.HiddenWeight, gradients.InputBias, gradients.HiddenBias, .. gradients.Further ?? [],
    ];
}

/// <summary>What a node of ours knows of its arguments when it cannot read them, and how it fails.</summary>
internal sealed class NodeArguments
{
    private readonly (long[] Shape, ScalarType DType, Device Device)?[] _wanted;
    private readonly BackwardFailures _failures;
    private readonly int _forwardThread = Environment.CurrentManagedThreadId;

    public NodeArguments(Tensor?[] arguments, BackwardFailures failures)
    {
        _failures = failures;
        _wanted = Array.ConvertAll(arguments, argument => argument is { requires_grad: true } ? (Check.ShapeOf(argument), argument.dtype, argument.device) : ((long[], ScalarType, Device)?)null);
    }

    /// <summary>How many arguments there can be.</summary>
    public int Count => _wanted.Length;

    /// <summary>Whether an argument asks for a gradient.</summary>
    public bool Wants(int slot) => _wanted[slot] is not null;

    /// <summary>The shape of an argument that asks for a gradient.</summary>
    public long[] ShapeOf(int slot) => _wanted[slot]!.Value.Shape;

    /// <summary>Records why there are no gradients, and gives what stands in their place; see <see cref="Refusal"/>.</summary>
    public List<Tensor?> Fail(Exception failure)
    {
        _failures.Record(failure, _forwardThread);
        return [.. _wanted.Select(argument => argument is var (shape, dtype, device) ? Refusal(shape, dtype, device) : null)];
    }

    /// <summary>
    /// What a node returns in place of a gradient that it could not find. Within <c>backward()</c>, a number where an array is
    /// expected: the engine refuses it by an exception, before it writes a gradient of this node's arguments. Within <c>autograd.grad</c>,
    /// where an error of the engine would end the process, and where the caller is not known, NaN of the right shape.
    /// </summary>
    public static Tensor Refusal(long[] shape, ScalarType dtype, Device device)
    {
        var nan = full([], Scalars.Of(double.NaN), dtype: dtype, device: device);
        return IsInBackward() ? nan : nan.expand(shape);
    }

    // On the CPU the engine runs a node on the thread that called it. Callers may be inlined; the calls into native code are
    // always on the stack. Only a node that has failed asks.
    private static bool IsInBackward()
    {
        foreach (var frame in new StackTrace().GetFrames())
        {
            switch (frame.GetMethod()?.Name)
            {
                case "THSTensor_backward" or "THSAutograd_backward":
                    return true;
                case "THSAutograd_grad":
                    return false;
            }
        }

        return false;
    }
}
