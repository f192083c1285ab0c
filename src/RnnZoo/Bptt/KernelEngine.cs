using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer on the vectorised CPU kernels, in float32 or float64, on as many threads as
/// torch.get_num_threads() says on the calling thread. Equal to <see cref="LayerBptt"/> but for rounding.
/// </summary>
/// <remarks>
/// The tape is what the kernels record of each step (LSTM and GRU), and h once more: the output is the caller's, who may
/// change it. Results depend on the arguments and the number of threads alone.
/// </remarks>
internal sealed class KernelEngine : ILayerKernel
{
    private readonly CellKind _cell;

    private KernelEngine(CellKind cell) => _cell = cell;

    /// <summary>The engine of a cell of this library.</summary>
    public static KernelEngine For(EquationCell cell) => new(cell switch
    {
        LstmCell => CellKind.Lstm,
        GruCell => CellKind.Gru,
        ElmanCell { Activation: Activation.Tanh } => CellKind.Tanh,
        ElmanCell { Activation: Activation.Relu } => CellKind.Relu,
        ElmanCell { Activation: Activation.Linear } => CellKind.Linear,
        OrthogonalCell => CellKind.ModRelu,
        _ => throw new NotSupportedException($"cell: expected an ElmanCell, LstmCell, GruCell or OrthogonalCell, got {cell.GetType().Name}."),
    });

    /// <summary>Whether the kernels can read a tensor: float32 or float64 in the CPU's memory.</summary>
    public static bool Reads(Tensor tensor) =>
        tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype is ScalarType.Float32 or ScalarType.Float64;

    public bool TakesTokens => true;

    /// <summary>Whether the kernels can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    public bool CanRun(LayerArguments arguments)
    {
        var (input, weights) = (arguments.Input, arguments.Weights);
        var dtype = weights.InputWeight.dtype;
        return IsReadable(input)
            && weights.HiddenWeight is { Dimensions: 2 } hidden && hidden.size(1) is > 0 and <= int.MaxValue
            && weights.InputWeight.Dimensions == 2 && weights.InputWeight.size(1) is > 0 and <= int.MaxValue
            && Array.TrueForAll(TokenInput.Is(input) ? arguments.Slots()[1..] : arguments.Slots(), tensor => tensor is null || (Reads(tensor) && tensor.dtype == dtype));
    }

    public long TapeElements(LayerArguments arguments)
    {
        var shape = ShapeOf(arguments, reversed: false);
        return arguments.Weights.InputWeight.dtype == ScalarType.Float32 ? KernelPasses<float>.TapeElements(shape) : KernelPasses<double>.TapeElements(shape);
    }

    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, nint tape)
    {
        var (input, initial, weights) = arguments;
        var shape = ShapeOf(arguments, reversed);
        LayerCheck.Forward(input, initial, weights, shape.Gates, StateParts, hasHiddenWeight: true, _cell == CellKind.ModRelu ? [("b", [weights.HiddenSize])] : [], forKernels: true);
        return weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Forward(shape, arguments, tape)
            : KernelPasses<double>.Forward(shape, arguments, tape);
    }

    public LayerGradients Backward(LayerArguments arguments, bool reversed, nint tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        var shape = ShapeOf(arguments, reversed);
        LayerCheck.Cotangents([shape.Steps, shape.Batch, shape.Hidden], arguments.Weights.InputWeight, cotangents, StateParts);
        if (wanted.HasFlag(WantedGradients.Steps))
        {
            throw new NotSupportedException("wanted: the kernels keep no gradients of single steps; the equations do.");
        }

        return arguments.Weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Backward(shape, arguments, tape, cotangents, wanted, norms)
            : KernelPasses<double>.Backward(shape, arguments, tape, cotangents, wanted, norms);
    }

    private int StateParts => _cell == CellKind.Lstm ? 2 : 1;

    private LayerShape ShapeOf(LayerArguments arguments, bool reversed) =>
        new(_cell, (int)arguments.Input.size(0), (int)arguments.Input.size(1), (int)arguments.Weights.InputSize, (int)arguments.Weights.HiddenSize, reversed);

    private static bool IsReadable(Tensor input) =>
        (TokenInput.Is(input) ? input.device_type == TorchSharp.DeviceType.CPU : input.Dimensions == 3)
        && Enumerable.Range(0, (int)input.Dimensions).All(axis => input.size(axis) is > 0 and <= int.MaxValue);
}
