using RnnZoo.Bptt.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer on the vectorised CPU kernels, in float32 or float64, on as many threads as
/// torch.get_num_threads() says on the calling thread. Equal to <see cref="LayerBptt"/> but for rounding.
/// </summary>
/// <remarks>
/// The tape is the output and, for the LSTM and the GRU, one tensor that the kernels write their records into. Results
/// depend on the arguments and the number of threads alone.
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

    public bool TakesLayerAxis => true;

    /// <summary>Whether the kernels can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    public bool CanRun(LayerArguments arguments)
    {
        var (input, weights) = (arguments.Input, arguments.Weights);
        var dtype = weights.InputWeight.dtype;
        return IsReadable(input)
            && weights.HiddenWeight?.shape is [_, > 0 and <= int.MaxValue]
            && weights.InputWeight.shape is [_, > 0 and <= int.MaxValue]
            && Array.TrueForAll(TokenInput.Is(input) ? arguments.Slots()[1..] : arguments.Slots(), tensor => tensor is null || (Reads(tensor) && tensor.dtype == dtype && TensorMemory.Fits(tensor.numel(), dtype)))
            && FitsInMemory(ShapeOf(input, weights, reversed: false), dtype);
    }

    public LayerRun Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed, bool keepTape)
    {
        var shape = ShapeOf(input, weights, reversed);
        LayerCheck.Forward(input, initial, weights, shape.Gates, StateParts, hasHiddenWeight: true, _cell == CellKind.ModRelu ? [("b", [weights.HiddenSize])] : [], forKernels: true);
        return weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Forward(shape, input, initial, weights, keepTape)
            : KernelPasses<double>.Forward(shape, input, initial, weights, keepTape);
    }

    public LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        LayerCheck.Cotangents(tape, cotangents, StateParts);
        if (wanted.HasFlag(WantedGradients.Steps))
        {
            throw new NotSupportedException("wanted: the kernels keep no gradients of single steps; the equations do.");
        }

        return tape.Weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Backward(tape, cotangents, wanted, norms)
            : KernelPasses<double>.Backward(tape, cotangents, wanted, norms);
    }

    private int StateParts => _cell == CellKind.Lstm ? 2 : 1;

    private LayerShape ShapeOf(Tensor input, LayerWeights weights, bool reversed) =>
        new(_cell, (int)input.shape[0], (int)input.shape[1], (int)weights.InputSize, (int)weights.HiddenSize, reversed);

    private static bool IsReadable(Tensor input) => TokenInput.Is(input)
        ? input.device_type == TorchSharp.DeviceType.CPU && input.shape is [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue] && input.numel() <= int.MaxValue / sizeof(long)
        : input.shape is [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue, > 0 and <= int.MaxValue];

    // Of what the passes make, the output and the tape are the largest that the arguments' own sizes do not bound.
    private static bool FitsInMemory(in LayerShape shape, ScalarType dtype)
    {
        var tape = dtype == ScalarType.Float32 ? RecurrentKernel.TapeElements<float>(shape) : RecurrentKernel.TapeElements<double>(shape);
        return TensorMemory.Fits(tape, dtype) && TensorMemory.Fits((long)shape.Steps * shape.Batch * shape.Hidden, dtype);
    }
}
