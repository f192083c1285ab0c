using System.Numerics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer of an element-wise recurrence on the CPU, in float32 or float64: products by torch over the whole
/// sequence, a block of the weights at a time, the recurrence by <see cref="ElementKernel"/>. Equal to the cell's equations but
/// for rounding.
/// </summary>
internal sealed class ElementEngine(LayerBptt equations) : ILayerKernel
{
    // About 50 µs of one core's memory traffic: less is done before a sleeping thread is awake.
    private const double EntriesPerThread = 1e5;

    private readonly CellKind _cell = equations.Cell.Kernel!.Value;

    public bool CanRun(LayerArguments arguments)
    {
        var (input, initial, dtype) = (arguments.Input, arguments.Initial.Hidden, arguments.Input.dtype);
        return Array.TrueForAll(input.shape, size => size is > 0 and <= int.MaxValue) && input.Dimensions == (arguments.Sizes is null ? 3 : 2)
            && initial.shape is [.., > 0]
            && Array.TrueForAll(arguments.Slots(), tensor => tensor is null || (TensorMemory.Reads(tensor) && tensor.dtype == dtype));
    }

    /// <summary>What the cell keeps, and h, of every step, each [N, H].</summary>
    public long TapeElements(LayerArguments arguments) => (ElementKernel.Kept(_cell) + 1) * Elements(arguments);

    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, Tensor? tape)
    {
        equations.CheckForward(arguments.Input, arguments.Initial.Map(part => part.view(-1, arguments.Weights.HiddenSize)), arguments.Weights, arguments.Sizes);
        return arguments.Input.dtype == ScalarType.Float32
            ? Forward<float>(arguments, reversed, tape)
            : Forward<double>(arguments, reversed, tape);
    }

    public LayerGradients Backward(LayerArguments arguments, bool reversed, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        var input = arguments.Input;
        LayerCheck.Cotangents(arguments.OutputShape, arguments.Batch, input, cotangents, equations.Cell);
        return input.dtype == ScalarType.Float32
            ? Backward<float>(arguments, reversed, tape, cotangents, wanted, norms)
            : Backward<double>(arguments, reversed, tape, cotangents, wanted, norms);
    }

    private unsafe (Tensor Output, Tensor Final) Forward<T>(LayerArguments arguments, bool reversed, Tensor? tape)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (input, weights) = (arguments.Input, arguments.Weights);
        var rows = input.Rows(); // [N, I]
        Tensor[] products = [.. Enumerable.Range(0, equations.Cell.Gates.Count).Select(block => Product(rows, weights, block))]; // G × [N, H]
        var output = empty(arguments.OutputShape, dtype: input.dtype, device: input.device); // [T, B, H] or [N, H]

        var memory = new TensorMemory<T>();
        var kernel = Arguments<T>(arguments, memory, reversed, tape);
        kernel.X = Arrays(memory, products);
        kernel.OutputCopy = memory.Dense(output);
        if (tape is null)
        {
            kernel.Output = kernel.OutputCopy;
            kernel.OutputCopy = null;
        }

        ElementKernel.Forward(_cell, kernel, Threads(output));
        memory.Release();

        var final = (reversed || kernel.Sizes.IsEven
            ? output.view(-1, weights.HiddenSize).narrow(0, reversed ? 0 : kernel.Sizes.Total - kernel.Sizes.Batch, kernel.Sizes.Batch).clone()
            : output.index_select(0, tensor(kernel.Sizes.LastRows()))).unsqueeze(0); // [1, B, H]
        return (output.MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }

    private unsafe LayerGradients Backward<T>(LayerArguments arguments, bool reversed, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (input, weights) = (arguments.Input, arguments.Weights);
        long[] shape = arguments.OutputShape;
        var dState = cotangents.FinalHidden is { } dFinal ? dFinal.clone().contiguous() : Zeros(); // [B, H]
        Tensor[] dProducts = [.. equations.Cell.Gates.Select(_ => Like(shape))]; // G × [T, B, H] or [N, H]
        var dParameter = weights.Further.Count > 0 ? Zeros() : null; // [B, H]
        var dFuture = norms is null ? null : Like(shape); // as dProducts

        var memory = new TensorMemory<T>();
        var kernel = Arguments<T>(arguments, memory, reversed, tape);
        kernel.DOutput = memory.Dense(cotangents.Output);
        kernel.DState = memory.Dense(dState);
        kernel.DX = Arrays(memory, dProducts);
        kernel.DParameter = memory.Dense(dParameter);
        kernel.DFuture = memory.Dense(dFuture);
        var dOutput = norms is null ? null : cotangents.Output ?? zeros_like(dFuture!); // as dProducts
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

        ElementKernel.Backward(_cell, kernel, kernel.Change is null ? Threads(dProducts[0]) : 1);
        memory.Release();

        norms?.Take(new StepGradients(dOutput!.Rows(), dFuture!.Rows()), kernel.Sizes, dProducts[0], before: null);
        return Gather(arguments, wanted, Array.ConvertAll(dProducts, product => product.Rows()), dState, dParameter).MoveToOuterDisposeScope();

        Tensor Like(long[] of) => empty(of, dtype: input.dtype, device: input.device);
        Tensor Zeros() => zeros([arguments.Batch, weights.HiddenSize], dtype: input.dtype, device: input.device);
    }

    // The equations (4), (5), (7) and (9) of LayerBptt, block by block.
    private static LayerGradients Gather(LayerArguments arguments, WantedGradients wanted, Tensor[] dProducts, Tensor dState, Tensor? dParameter)
    {
        var x = arguments.Input.Rows(); // [N, I]
        var weights = arguments.Weights.InputWeight.chunk(dProducts.Length, 0); // G × [H, I]
        return new LayerGradients(
            Input: wanted.HasFlag(WantedGradients.Input) ? dProducts.Skip(1).Zip(weights.Skip(1)).Aggregate(dProducts[0].mm(weights[0]), (sum, next) => sum.addmm(next.First, next.Second)).view(arguments.Input.shape) : null, // as the input (4)
            InputWeight: wanted.HasFlag(WantedGradients.InputWeight) ? cat([.. dProducts.Select(product => product.t().mm(x))], 0) : null, // [G·H, I] (5)
            InputBias: arguments.Weights.InputBias is not null && wanted.HasFlag(WantedGradients.InputBias) ? cat([.. dProducts.Select(product => product.sum(dim: 0))], 0) : null, // [G·H] (7)
            InitialHidden: wanted.HasFlag(WantedGradients.InitialState) ? dState : null, // [B, H] (9)
            Further: wanted.HasFlag(WantedGradients.Further) && dParameter is not null ? [dParameter.sum(dim: 0)] : null); // [H]
    }

    private unsafe ElementArguments<T> Arguments<T>(LayerArguments arguments, TensorMemory<T> memory, bool reversed, Tensor? tape)
        where T : unmanaged
    {
        var (elements, kept) = ((nint)Elements(arguments), ElementKernel.Kept(_cell));
        var start = memory.Dense(tape);
        return new ElementArguments<T>
        {
            Sizes = arguments.Sizes ?? BatchSizes.Even(arguments.Steps, arguments.Batch),
            Hidden = (nint)arguments.Weights.HiddenSize,
            Reverse = reversed,
            Kept = new ElementArrays<T> { A = Kept(0), B = Kept(1), C = Kept(2) },
            Output = start + (kept * elements),
            H0 = memory.Dense(arguments.Initial.Hidden),
            Parameter = memory.Dense(arguments.Weights.Further is [var parameter] ? parameter.expand(arguments.Batch, arguments.Weights.HiddenSize) : null),
        };

        T* Kept(int index) => start == null || index >= kept ? null : start + (index * elements);
    }

    private static unsafe ElementArrays<T> Arrays<T>(TensorMemory<T> memory, Tensor[] tensors)
        where T : unmanaged => new() { A = memory.Dense(tensors[0]), B = memory.Dense(tensors.ElementAtOrDefault(1)), C = memory.Dense(tensors.ElementAtOrDefault(2)) };

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
