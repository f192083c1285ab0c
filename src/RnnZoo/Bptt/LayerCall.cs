using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One use of a <see cref="LayerFunction"/>: how to compute, and what its backward pass must know when it cannot read the
/// saved tensors. It lives in the function's context.
/// </summary>
internal sealed class LayerCall
{
    private readonly record struct Argument(long[] Shape, ScalarType DType, Device Device, bool Wanted);

    private readonly int _forwardThread = Environment.CurrentManagedThreadId;
    private readonly bool _reversed;
    private readonly StepNorms? _norms;
    private readonly Argument?[] _arguments;
    private object? _engineTape;

    public LayerCall(ILayerEngine engine, LayerBptt equations, BackwardFailures failures, LayerArguments arguments, bool reversed, Action<StepGradients>? observer, StepNorms? norms)
    {
        (Engine, Equations, Failures, _reversed, Observer, _norms) = (engine, equations, failures, reversed, observer, norms);
        _arguments = [.. arguments.Slots().Select(tensor => tensor is null ? (Argument?)null : new(tensor.shape, tensor.dtype, tensor.device, tensor.requires_grad))];
    }

    /// <summary>What computes the layer.</summary>
    public ILayerEngine Engine { get; }

    /// <summary>The same in tensor operations, for a gradient that is to be differentiated again.</summary>
    public LayerBptt Equations { get; }

    public BackwardFailures Failures { get; }

    public Action<StepGradients>? Observer { get; }

    /// <summary>Which gradients the arguments ask for.</summary>
    public WantedGradients Wanted
    {
        get
        {
            var wanted = Observer is null ? WantedGradients.None : WantedGradients.Steps;
            for (var slot = 0; slot < _arguments.Length; slot++)
            {
                if (_arguments[slot] is { Wanted: true })
                {
                    wanted |= LayerArguments.GradientOf(slot);
                }
            }

            return wanted;
        }
    }

    public LayerRun Forward(LayerArguments arguments, bool keepTape)
    {
        var run = Engine.Forward(arguments.Input, arguments.Initial, arguments.Weights, _reversed, keepTape);
        _engineTape = run.Tape?.Engine;
        return run;
    }

    /// <param name="saved">The arguments that are there, then the states and what else the tape keeps.</param>
    /// <param name="cotangents">Gradients of the outputs.</param>
    /// <param name="stateParts">How many of the saved tensors are states.</param>
    public LayerGradients Backward(IReadOnlyList<Tensor> saved, LayerCotangents cotangents, int stateParts)
    {
        var given = 0;
        var arguments = LayerArguments.FromSlots([.. _arguments.Select(argument => argument is null ? null : saved[given++])]);
        if (is_grad_enabled())
        {
            return Report(BackwardOnTape(arguments, cotangents));
        }

        Tensor[] kept = [.. saved.Skip(given)];
        var tape = new LayerTape(arguments.Input, arguments.Initial, arguments.Weights, kept[..stateParts], kept[stateParts..], _reversed) { Engine = _engineTape };
        return Report(Engine.Backward(tape, cotangents, Wanted, _norms));
    }

    /// <summary>The gradients by argument; null where none is wanted.</summary>
    /// <exception cref="InvalidOperationException">One is missing or of a wrong shape, which libtorch would not survive.</exception>
    public List<Tensor?> BySlot(LayerGradients gradients)
    {
        var found = LayerArguments.SlotsOf(gradients); // without further parameters where none of their gradients is wanted
        return [.. _arguments.Select((_, slot) => Checked(slot < found.Length ? found[slot] : null, slot))];
    }

    /// <summary>Records why there are no gradients, and stands NaN of the right shapes in their place.</summary>
    public List<Tensor?> Fail(Exception failure)
    {
        Failures.Record(failure, _forwardThread);
        return [.. _arguments.Select(argument => argument is { Wanted: true } a ? full([1], double.NaN, dtype: a.DType, device: a.Device).expand(a.Shape) : null)];
    }

    // The equations take parts [B, H] alone; the arguments may be [1, B, H].
    private LayerGradients BackwardOnTape(LayerArguments arguments, LayerCotangents cotangents)
    {
        var (input, initial, weights) = arguments;
        input = TokenInput.Is(input) ? TokenInput.OneHot(input, weights.InputSize, weights.InputWeight.dtype) : input; // [T, B, I]
        var strip = initial.Hidden.dim() == 3;
        if (strip)
        {
            initial = initial.Map(part => part.squeeze(0)); // [B, H] each
            cotangents = cotangents with { FinalHidden = cotangents.FinalHidden?.squeeze(0), FinalCell = cotangents.FinalCell?.squeeze(0) }; // [B, H] each
        }

        var again = Equations.Forward(input, initial, weights, _reversed);
        var gradients = Equations.Backward(again.Tape!, cotangents, Wanted, _norms);
        return strip
            ? gradients with { InitialHidden = gradients.InitialHidden?.unsqueeze(0), InitialCell = gradients.InitialCell?.unsqueeze(0) } // [1, B, H] each
            : gradients;
    }

    private Tensor? Checked(Tensor? gradient, int slot)
    {
        if (_arguments[slot] is not { Wanted: true } argument)
        {
            return null;
        }

        return gradient is not null && gradient.shape.SequenceEqual(argument.Shape)
            ? gradient
            : throw new InvalidOperationException($"{Engine.GetType().Name}.Backward: expected gradient {slot} of shape {Check.Show(argument.Shape)}, got {(gradient is null ? "none" : Check.Show(gradient.shape))}.");
    }

    private LayerGradients Report(LayerGradients gradients)
    {
        if (Observer is not null && gradients.Steps is { } steps)
        {
            Observer(steps);
        }

        return gradients;
    }
}
