using System.Numerics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer of the minGRU on the CPU, in float32 or float64: products by torch over the whole sequence,
/// the recurrence by <see cref="MinGruKernel"/>. Equal to the equations of <see cref="MinGruCell"/>, whose tape it shares, but for rounding.
/// </summary>
internal sealed class MinGruEngine(LayerBptt equations) : ILayerKernel
{
    // About 50 µs of one core's memory traffic: less is done before a sleeping thread is awake.
    private const double EntriesPerThread = 1e5;

    public bool CanRun(LayerArguments arguments)
    {
        var (input, initial, dtype) = (arguments.Input, arguments.Initial.Hidden, arguments.Input.dtype);
        return Array.TrueForAll(input.shape, size => size is > 0 and <= int.MaxValue) && input.Dimensions == (arguments.Sizes is null ? 3 : 2)
            && initial.shape is [.., > 0]
            && Array.TrueForAll(arguments.Slots(), tensor => tensor is null || (KernelEngine.Reads(tensor) && tensor.dtype == dtype));
    }

    /// <summary>z, g and h of every step, each [N, H].</summary>
    public long TapeElements(LayerArguments arguments) => 3 * Elements(arguments);

    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, nint tape)
    {
        equations.CheckForward(arguments.Input, arguments.Initial.Map(part => part.view(-1, arguments.Weights.HiddenSize)), arguments.Weights, arguments.Sizes);
        return arguments.Input.dtype == ScalarType.Float32
            ? Forward<float>(arguments, reversed, tape)
            : Forward<double>(arguments, reversed, tape);
    }

    public LayerGradients Backward(LayerArguments arguments, bool reversed, nint tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        var input = arguments.Input;
        LayerCheck.Cotangents(arguments.OutputShape, arguments.Batch, input, cotangents, equations.Cell);
        return input.dtype == ScalarType.Float32
            ? Backward<float>(arguments, reversed, tape, cotangents, wanted, norms)
            : Backward<double>(arguments, reversed, tape, cotangents, wanted, norms);
    }

    private static unsafe (Tensor Output, Tensor Final) Forward<T>(LayerArguments arguments, bool reversed, nint tape)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (input, initial, weights) = arguments;
        var rows = input.Rows(); // [N, I]
        var (gate, candidate) = (Product(rows, weights, 0), Product(rows, weights, 1)); // [N, H] each
        var output = empty(arguments.OutputShape, dtype: input.dtype, device: input.device); // [T, B, H] or [N, H]

        var memory = new TensorMemory<T>();
        var kernel = Arguments<T>(arguments, memory, reversed, tape);
        kernel.GateProduct = memory.Dense(gate);
        kernel.CandidateProduct = memory.Dense(candidate);
        kernel.OutputCopy = memory.Dense(output);
        if (tape == 0)
        {
            kernel.Gate = kernel.GateProduct;
            kernel.Candidate = kernel.CandidateProduct;
            kernel.Output = kernel.OutputCopy;
            kernel.OutputCopy = null;
        }

        MinGruKernel.Forward(kernel, Threads(output));
        memory.Release();

        var final = (reversed || kernel.Sizes.IsEven
            ? output.view(-1, weights.HiddenSize).narrow(0, reversed ? 0 : kernel.Sizes.Total - kernel.Sizes.Batch, kernel.Sizes.Batch).clone()
            : output.index_select(0, tensor(kernel.Sizes.LastRows()))).unsqueeze(0); // [1, B, H]
        return (output.MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }

    private static unsafe LayerGradients Backward<T>(LayerArguments arguments, bool reversed, nint tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (input, initial, weights) = arguments;
        long[] shape = arguments.OutputShape;
        var dState = cotangents.FinalHidden is { } dFinal ? dFinal.clone().contiguous() : zeros([arguments.Batch, weights.HiddenSize], dtype: input.dtype, device: input.device); // [B, H]
        var (dGate, dCandidate) = (Like(shape), Like(shape)); // [T, B, H] or [N, H] each
        var dFuture = norms is null ? null : Like(shape); // as dGate

        var memory = new TensorMemory<T>();
        var kernel = Arguments<T>(arguments, memory, reversed, tape);
        kernel.DOutput = memory.Dense(cotangents.Output);
        kernel.DState = memory.Dense(dState);
        kernel.DGate = memory.Dense(dGate);
        kernel.DCandidate = memory.Dense(dCandidate);
        kernel.DFuture = memory.Dense(dFuture);
        var dOutput = norms is null ? null : cotangents.Output ?? zeros_like(dGate); // as dGate
        if (norms?.Change is { } change)
        {
            var (rows, given) = (Like([kernel.Sizes.Total, weights.HiddenSize]), dFuture!.Rows()); // [N, H] each
            dOutput = rows;
            kernel.Change = KernelPasses<T>.ChangeBy(
                (t, isCell, gradient) =>
                {
                    var changed = change(t, isCell, gradient);
                    var (start, count) = (kernel.Sizes.Start(t), kernel.Sizes[t]);
                    rows.narrow(0, start, count).copy_(changed.sub(given.narrow(0, start, count))); // a change counts to what came from the output
                    return changed;
                },
                weights.HiddenSize,
                input);
        }

        MinGruKernel.Backward(kernel, kernel.Change is null ? Threads(dGate) : 1);
        memory.Release();

        norms?.Take(new StepGradients(dOutput!.Rows(), dFuture!.Rows()), kernel.Sizes, dGate, before: null);
        return Gather(arguments, wanted, dGate, dCandidate, dState).MoveToOuterDisposeScope();

        Tensor Like(long[] of) => empty(of, dtype: input.dtype, device: input.device);
    }

    // The equations (4), (5), (7) and (9) of LayerBptt, block by block.
    private static LayerGradients Gather(LayerArguments arguments, WantedGradients wanted, Tensor dGate, Tensor dCandidate, Tensor dState)
    {
        var (gates, candidates, x) = (dGate.Rows(), dCandidate.Rows(), arguments.Input.Rows()); // [N, H], [N, H], [N, I]
        var weights = arguments.Weights.InputWeight.chunk(2, 0); // 2 × [H, I]
        return new LayerGradients(
            Input: wanted.HasFlag(WantedGradients.Input) ? gates.mm(weights[0]).addmm(candidates, weights[1]).view(arguments.Input.shape) : null, // as the input (4)
            InputWeight: wanted.HasFlag(WantedGradients.InputWeight) ? cat([gates.t().mm(x), candidates.t().mm(x)], 0) : null, // [2H, I] (5)
            InputBias: arguments.Weights.InputBias is not null && wanted.HasFlag(WantedGradients.InputBias) ? cat([gates.sum(dim: 0), candidates.sum(dim: 0)], 0) : null, // [2H] (7)
            InitialHidden: wanted.HasFlag(WantedGradients.InitialState) ? dState : null); // [B, H] (9)
    }

    private static unsafe MinGruArguments<T> Arguments<T>(LayerArguments arguments, TensorMemory<T> memory, bool reversed, nint tape)
        where T : unmanaged
    {
        var elements = (nint)Elements(arguments);
        return new MinGruArguments<T>
        {
            Sizes = arguments.Sizes ?? BatchSizes.Even(arguments.Steps, arguments.Batch),
            Hidden = (nint)arguments.Weights.HiddenSize,
            Reverse = reversed,
            Gate = (T*)tape,
            Candidate = (T*)tape + elements,
            Output = (T*)tape + (2 * elements),
            H0 = memory.Dense(arguments.Initial.Hidden),
        };
    }

    private static long Elements(LayerArguments arguments) => arguments.OutputShape.Aggregate((product, size) => product * size);

    private static Tensor Product(Tensor rows, LayerWeights weights, int block)
    {
        var weight = weights.InputWeight.narrow(0, block * weights.HiddenSize, weights.HiddenSize).t(); // [I, H]
        return weights.InputBias is { } bias
            ? bias.narrow(0, block * weights.HiddenSize, weights.HiddenSize).addmm(rows, weight) // [N, H]
            : rows.mm(weight); // [N, H]
    }

    private static int Threads(Tensor output) => (int)Math.Clamp(output.numel() / EntriesPerThread, 1, get_num_threads());
}
