using System.Numerics;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The passes of <see cref="KernelEngine"/> for one element type: makes the results and hands the kernels their addresses.</summary>
internal static unsafe class KernelPasses<T>
    where T : unmanaged, INumberBase<T>
{
    private const double LoneSequenceWeights = 1 << 18;

    /// <summary>The records, whole cache lines of them, and then h [T, B, H].</summary>
    public static long TapeElements(in LayerShape shape) => Records(shape) + ((long)shape.Steps * shape.Batch * shape.Hidden);

    public static (Tensor Output, Tensor Final) Forward(LayerShape shape, LayerArguments tensors, nint tape)
    {
        using var scope = NewDisposeScope();
        var like = tensors.Weights.InputWeight;
        var final = empty([tensors.Initial.Count, shape.Batch, shape.Hidden], dtype: like.dtype, device: like.device); // [S, B, H]
        var output = LargePages.Advise(empty([shape.Steps, shape.Batch, shape.Hidden], dtype: like.dtype, device: like.device)); // [T, B, H]

        var memory = new TensorMemory<T>();
        var tokens = new TensorMemory<long>();
        var arguments = Arguments(memory, tokens, tensors);
        arguments.HN = memory.Dense(final);
        arguments.CN = tensors.Initial.Count > 1 ? arguments.HN + ((nint)shape.Batch * shape.Hidden) : null;
        PutOutput(ref arguments, shape, memory.Dense(output));
        if (tape != 0)
        {
            arguments.Tape = (T*)tape;
            arguments.OutputCopy = arguments.Output;
            PutOutput(ref arguments, shape, (T*)tape + Records(shape));
        }

        RecurrentKernel.Forward(shape, arguments, Threads(shape));
        memory.Release();
        tokens.Release();
        return (output.MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }

    public static LayerGradients Backward(LayerShape shape, LayerArguments tensors, nint tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
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
        arguments.Forward.Tape = (T*)tape;
        PutOutput(ref arguments.Forward, shape, (T*)tape + Records(shape));
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
            RecurrentKernel.Backward(shape, arguments, Threads(shape));
        }

        memory.Release();
        tokens.Release();
        return gradients.MoveToOuterDisposeScope();
    }

    private static long Records(in LayerShape shape) => Stride.Padded<T>(RecurrentKernel.TapeElements<T>(shape));

    private static void PutOutput(ref ForwardArguments<T> arguments, in LayerShape shape, T* output)
    {
        arguments.Output = output;
        arguments.OutputStepStride = (nint)shape.Batch * shape.Hidden;
        arguments.OutputBatchStride = shape.Hidden;
    }

    // The recurrence of a single sequence cannot be split; with few weights the rest is too little to pay for the other threads.
    private static int Threads(in LayerShape shape)
    {
        var weights = (double)shape.Gates * shape.Hidden * (shape.Input + shape.Hidden);
        return shape.Batch == 1 && weights < LoneSequenceWeights ? 1 : ThreadChoice.For(2.0 * shape.Steps * shape.Batch * weights);
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
            arguments.Tokens = tokens.Sequence(input.unsqueeze(2), out arguments.XStepStride, out arguments.XBatchStride); // [T, B, 1]
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
            value is not null && wanted.HasFlag(gradient) ? LargePages.Advise(empty(value.shape, dtype: value.dtype, device: value.device)) : null;
    }
}
