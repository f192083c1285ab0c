using System.Numerics;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One direction of one layer and its gradient on raw CPU memory: equal to the equations but for rounding.</summary>
internal interface ILayerKernel
{
    /// <summary>The kernel of a cell's equations: one written for the cell, or the program that its equations make.</summary>
    static ILayerKernel Of(LayerBptt equations) => equations.Cell.Kernel is null ? new ProgramEngine(equations) : new KernelEngine(equations);

    /// <summary>Whether it can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    bool CanRun(LayerArguments arguments);

    /// <summary>Elements, of the weights' type, of what the forward pass writes for the backward pass.</summary>
    long TapeElements(LayerArguments arguments);

    /// <param name="arguments">What the layer reads; the parts of the state may be [B, H] or [1, B, H].</param>
    /// <param name="reversed">Whether the sequence is walked from T - 1 to 0.</param>
    /// <param name="tape">Memory for the tape; null if no backward pass follows.</param>
    /// <returns>h at every step, [T, B, H] or packed [N, H], and the final state as <see cref="LayerArguments.Joined"/> has it.</returns>
    (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, Tensor? tape);

    /// <param name="arguments">As in the forward pass.</param>
    /// <param name="reversed">As in the forward pass.</param>
    /// <param name="tape">Where the forward pass wrote; it is read as often as the pass runs.</param>
    /// <param name="cotangents">The gradients that come from outside.</param>
    /// <param name="wanted">What to compute.</param>
    /// <param name="norms">Where to write the norms of the steps' gradients, or null.</param>
    LayerGradients Backward(LayerArguments arguments, bool reversed, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null);
}

/// <summary>
/// One direction of one layer on the vectorised CPU kernels, in float32 or float64, on as many threads as
/// torch.get_num_threads() says on the calling thread. Equal to <see cref="LayerBptt"/> but for rounding.
/// </summary>
/// <remarks>
/// The tape is what the kernels record of each step (LSTM and GRU), and h once more: the output is the caller's, who may
/// change it. Results depend on the arguments and the number of threads alone.
/// </remarks>
internal sealed class KernelEngine(LayerBptt equations) : ILayerKernel
{
    private readonly CellKind _cell = equations.Cell.Kernel!.Value;

    /// <summary>Whether the kernels can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    public bool CanRun(LayerArguments arguments)
    {
        var (input, weights) = (arguments.Input, arguments.Weights);
        var dtype = weights.InputWeight.dtype;
        return IsReadable(arguments)
            && weights.HiddenWeight is { Dimensions: 2 } hidden && hidden.size(1) is > 0 and <= int.MaxValue
            && weights.InputWeight.Dimensions == 2 && weights.InputWeight.size(1) is > 0 and <= int.MaxValue
            && Array.TrueForAll(TokenInput.Is(input) ? arguments.Slots()[1..] : arguments.Slots(), tensor => tensor is null || (TensorMemory.Reads(tensor) && tensor.dtype == dtype));
    }

    public long TapeElements(LayerArguments arguments)
    {
        var shape = ShapeOf(arguments, reversed: false);
        return arguments.Weights.InputWeight.dtype == ScalarType.Float32 ? KernelPasses<float>.TapeElements(shape) : KernelPasses<double>.TapeElements(shape);
    }

    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, Tensor? tape)
    {
        var (input, initial, weights) = arguments;
        var shape = ShapeOf(arguments, reversed);
        equations.CheckForward(input, initial, weights, arguments.Sizes, forKernels: true);
        return weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Forward(shape, arguments, tape)
            : KernelPasses<double>.Forward(shape, arguments, tape);
    }

    public LayerGradients Backward(LayerArguments arguments, bool reversed, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        var shape = ShapeOf(arguments, reversed);
        LayerCheck.Cotangents(arguments.OutputShape, shape.Batch, arguments.Weights.InputWeight, cotangents, equations.Cell);
        return arguments.Weights.InputWeight.dtype == ScalarType.Float32
            ? KernelPasses<float>.Backward(shape, arguments, tape, cotangents, wanted, norms)
            : KernelPasses<double>.Backward(shape, arguments, tape, cotangents, wanted, norms);
    }

    private LayerShape ShapeOf(LayerArguments arguments, bool reversed) =>
        new(_cell, (int)arguments.Steps, (int)arguments.Batch, (int)arguments.Weights.InputSize, (int)arguments.Weights.HiddenSize, reversed, arguments.Sizes);

    private static bool IsReadable(LayerArguments arguments) => arguments.Input is var input
        && (TokenInput.Is(input) ? input.device_type == TorchSharp.DeviceType.CPU : input.Dimensions == (arguments.Sizes is null ? 3 : 2))
        && Array.TrueForAll(Check.ShapeOf(input), size => size is > 0 and <= int.MaxValue);
}

/// <summary>The passes of <see cref="KernelEngine"/> for one element type: makes the results and hands the kernels their addresses.</summary>
internal static unsafe class KernelPasses<T>
    where T : unmanaged, INumberBase<T>
{
    private const double LoneSequenceWeights = 1 << 18;

    /// <summary>The records, whole cache lines of them, and then h of every row.</summary>
    public static long TapeElements(in LayerShape shape) => Records(shape) + ((long)shape.TotalRows * shape.Hidden);

    public static (Tensor Output, Tensor Final) Forward(LayerShape shape, LayerArguments tensors, Tensor? tape)
    {
        using var scope = NewDisposeScope();
        var like = tensors.Weights.InputWeight;
        var final = empty(tensors.FinalShape, dtype: like.dtype, device: like.device); // [B, H], [1, B, H], or [B·S + …]
        var output = TensorMemory.Fresh(tensors.OutputShape, like); // [T, B, H] or [N, H]

        var memory = new TensorMemory<T>();
        var tokens = new TensorMemory<long>();
        var arguments = Arguments(memory, tokens, tensors);
        arguments.HN = memory.Dense(final);
        arguments.CN = tensors.Initial.Count > 1 ? arguments.HN + ((nint)shape.Batch * shape.Hidden) : null;
        PutOutput(ref arguments, shape, memory.Dense(output));
        if (tape is not null)
        {
            arguments.Tape = memory.Dense(tape);
            arguments.OutputCopy = arguments.Output;
            PutOutput(ref arguments, shape, arguments.Tape + Records(shape));
        }

        RecurrentKernel.Forward(shape, arguments, Threads(shape));
        memory.Release();
        tokens.Release();
        return (output.MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }

    public static LayerGradients Backward(LayerShape shape, LayerArguments tensors, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
    {
        using var scope = NewDisposeScope();
        var gradients = Empty(tensors, wanted);
        var memory = new TensorMemory<T>();
        var tokens = new TensorMemory<long>();
        var arguments = new BackwardArguments<T>
        {
            Forward = Arguments(memory, tokens, tensors),
            DHN = memory.Dense(cotangents.FinalHidden),
            DCN = memory.Dense(cotangents.FinalCell),
            DWeightIh = memory.Dense(gradients.InputWeight),
            DWeightHh = memory.Dense(gradients.HiddenWeight),
            DBiasIh = memory.Dense(gradients.InputBias),
            DBiasHh = memory.Dense(gradients.HiddenBias),
            DActivationBias = memory.Dense(gradients.Further is [var dBias] ? dBias : null),
            DH0 = memory.Dense(gradients.InitialHidden),
            DC0 = memory.Dense(gradients.InitialCell),
        };
        arguments.Forward.Tape = memory.Dense(tape);
        PutOutput(ref arguments.Forward, shape, arguments.Forward.Tape + Records(shape));
        arguments.DOutput = memory.Sequence(cotangents.Output, out arguments.DOutputStepStride, out arguments.DOutputBatchStride);
        arguments.DX = memory.Sequence(gradients.Input, out arguments.DXStepStride, out arguments.DXBatchStride);
        norms?.Begin();
        fixed (double* hidden = norms?.Hidden, hiddenFuture = norms?.HiddenFromFuture, cell = norms?.Cell, cellFuture = norms?.CellFromFuture, shares = norms?.Shares)
        {
            arguments.NormDH = hidden;
            arguments.NormDHFromFuture = hiddenFuture;
            arguments.NormDC = cell;
            arguments.NormDCFromFuture = cellFuture;
            arguments.NormDWeightHh = shares;
            arguments.Change = norms?.Change is { } change ? ChangeBy(change, shape.Hidden, tensors.Weights.InputWeight) : null;
            RecurrentKernel.Backward(shape, arguments, Threads(shape));
        }

        memory.Release();
        tokens.Release();
        return gradients.MoveToOuterDisposeScope();
    }

    /// <summary>Shows the kernels' memory to a hook as a tensor, and takes back what it returns.</summary>
    public static StepChange<T> ChangeBy(Func<int, bool, Tensor, Tensor> change, long hidden, Tensor like) => (time, isCell, gradient, stride, rows) =>
    {
        using var scope = NewDisposeScope();
        var given = empty([rows, hidden], dtype: like.dtype, device: like.device); // [n, H]
        Move(gradient, stride, given, rows, (int)hidden, toTensor: true);
        var changed = change(time, isCell, given);
        if (!ReferenceEquals(changed, given))
        {
            Move(gradient, stride, changed.contiguous(), rows, (int)hidden, toTensor: false);
        }
    };

    private static void Move(T* rowsAt, nint stride, Tensor tensor, int rows, int hidden, bool toTensor)
    {
        var dense = (T*)TensorMemory.Address(tensor);
        for (var row = 0; row < rows; row++)
        {
            var outside = new Span<T>(rowsAt + (row * stride), hidden);
            var inside = new Span<T>(dense + ((nint)row * hidden), hidden);
            (toTensor ? outside : inside).CopyTo(toTensor ? inside : outside);
        }

        GC.KeepAlive(tensor);
    }

    private static long Records(in LayerShape shape) => Stride.Padded<T>(RecurrentKernel.TapeElements<T>(shape));

    private static void PutOutput(ref ForwardArguments<T> arguments, in LayerShape shape, T* output)
    {
        arguments.Output = output;
        arguments.OutputStepStride = (nint)shape.Batch * shape.Hidden;
        arguments.OutputBatchStride = shape.Hidden;
    }

    // With few weights the steps of a single sequence are too short to be shared.
    private static int Threads(in LayerShape shape)
    {
        var weights = (double)shape.Gates * shape.Hidden * (shape.Input + shape.Hidden);
        return shape.Batch == 1 && weights < LoneSequenceWeights ? 1 : ThreadChoice.For(2.0 * shape.TotalRows * weights);
    }

    private static ForwardArguments<T> Arguments(TensorMemory<T> memory, TensorMemory<long> tokens, LayerArguments tensors)
    {
        var (input, initial, weights) = tensors;
        var arguments = new ForwardArguments<T>
        {
            WeightIh = memory.Dense(weights.InputWeight),
            WeightHh = memory.Dense(weights.HiddenWeight),
            BiasIh = memory.Dense(weights.InputBias),
            BiasHh = memory.Dense(weights.HiddenBias),
            ActivationBias = memory.Dense(weights.Further is [var bias] ? bias : null),
            H0 = memory.Dense(initial.Hidden),
            C0 = memory.Dense(initial.Count > 1 ? initial.Cell : null),
        };
        if (TokenInput.Is(input))
        {
            arguments.Tokens = tokens.Sequence(input.unsqueeze(-1), out arguments.XStepStride, out arguments.XBatchStride); // [T, B, 1] or [N, 1]
        }
        else
        {
            arguments.X = memory.Sequence(input, out arguments.XStepStride, out arguments.XBatchStride);
        }

        return arguments;
    }

    // Memory for the gradients that are wanted.
    private static LayerGradients Empty(LayerArguments tensors, WantedGradients wanted)
    {
        var (input, initial, weights) = tensors;
        return new LayerGradients(
            Input: Wanted(WantedGradients.Input, input), // [T, B, I]
            InputWeight: Wanted(WantedGradients.InputWeight, weights.InputWeight), // [G·H, I]
            HiddenWeight: Wanted(WantedGradients.HiddenWeight, weights.HiddenWeight), // [G·H, H]
            InputBias: Wanted(WantedGradients.InputBias, weights.InputBias), // [G·H]
            HiddenBias: Wanted(WantedGradients.HiddenBias, weights.HiddenBias), // [G·H]
            InitialHidden: Wanted(WantedGradients.InitialState, initial.Hidden), // [B, H] or [1, B, H]
            InitialCell: Wanted(WantedGradients.InitialState, initial.Count > 1 ? initial.Cell : null), // [B, H] or [1, B, H]
            Further: wanted.HasFlag(WantedGradients.Further) ? [.. weights.Further.Select(value => Wanted(WantedGradients.Further, value)!)] : null); // [H]

        Tensor? Wanted(WantedGradients gradient, Tensor? value) =>
            value is not null && wanted.HasFlag(gradient) ? TensorMemory.Fresh(Check.ShapeOf(value), value) : null;
    }
}
