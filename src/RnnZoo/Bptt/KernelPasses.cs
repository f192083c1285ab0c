using System.Numerics;
using RnnZoo.Bptt.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The passes of <see cref="KernelEngine"/> for one element type: makes the results and hands the kernels their addresses.</summary>
internal static unsafe class KernelPasses<T>
    where T : unmanaged, INumberBase<T>
{
    private const double LoneSequenceWeights = 1 << 18;

    public static LayerRun Forward(LayerShape shape, Tensor input, RecurrentState initial, LayerWeights weights, bool keepTape)
    {
        using var scope = NewDisposeScope();
        var final = new RecurrentState([.. initial.Select(part => Like(part.shape, weights.InputWeight))]); // [B, H] each
        var output = Like([shape.Steps, shape.Batch, shape.Hidden], weights.InputWeight); // [T, B, H]
        var elements = keepTape ? RecurrentKernel.TapeElements<T>(shape) : 0;
        var records = elements == 0 ? null : Like([elements], weights.InputWeight);

        var memory = new TensorMemory<T>();
        var tokens = new TensorMemory<long>();
        var arguments = Arguments(memory, tokens, input, initial, weights, output);
        arguments.HN = memory.Dense(final.Hidden);
        arguments.CN = memory.Dense(final.Count > 1 ? final.Cell : null);
        arguments.KeepTape = keepTape;
        arguments.Tape = memory.Dense(records);
        var width = VectorWidths.Best;
        using var written = RecurrentKernel.Forward(shape, arguments, Threads(shape), width);
        memory.Release();
        tokens.Release();

        Tensor[] kept = records is null ? [] : [records.MoveToOuterDisposeScope()];
        output.MoveToOuterDisposeScope();
        final.MoveToOuterDisposeScope();
        var tape = keepTape ? new LayerTape(input, initial, weights, [output], kept, shape.Reverse) { Engine = new KernelTape(shape, width) } : null;
        return new LayerRun(output, final, tape);
    }

    public static LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
    {
        var (shape, width) = (KernelTape)tape.Engine!;
        using var scope = NewDisposeScope();
        var gradients = Empty(tape, wanted);
        var memory = new TensorMemory<T>();
        var tokens = new TensorMemory<long>();
        var arguments = new BackwardArguments<T>
        {
            Forward = Arguments(memory, tokens, tape.Input, tape.Initial, tape.Weights, tape.States[0]),
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
        arguments.DOutput = memory.Sequence(cotangents.Output, out arguments.DOutputStepStride, out arguments.DOutputBatchStride);
        arguments.DX = memory.Sequence(gradients.Input, out arguments.DXStepStride, out arguments.DXBatchStride);
        using var read = new RecurrentTape(shape, width, typeof(T), memory.Dense(tape.Kept.Count > 0 ? tape.Kept[0] : null));
        norms?.Begin();
        fixed (double* hidden = norms?.Hidden, hiddenFuture = norms?.HiddenFromFuture, cell = norms?.Cell, cellFuture = norms?.CellFromFuture, shares = norms?.Shares)
        {
            arguments.NormDH = hidden;
            arguments.NormDHFromFuture = hiddenFuture;
            arguments.NormDC = cell;
            arguments.NormDCFromFuture = cellFuture;
            arguments.NormDWeightHh = shares;
            RecurrentKernel.Backward(read, arguments, Threads(shape));
        }

        memory.Release();
        tokens.Release();
        return gradients.MoveToOuterDisposeScope();
    }

    // The recurrence of a single sequence cannot be split; with few weights the rest is too little to pay for the other threads.
    private static int Threads(in LayerShape shape)
    {
        var weights = (double)shape.Gates * shape.Hidden * (shape.Input + shape.Hidden);
        return shape.Batch == 1 && weights < LoneSequenceWeights ? 1 : ThreadChoice.For(2.0 * shape.Steps * shape.Batch * weights);
    }

    private static ForwardArguments<T> Arguments(TensorMemory<T> memory, TensorMemory<long> tokens, Tensor input, RecurrentState initial, LayerWeights weights, Tensor output)
    {
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

        arguments.Output = memory.Sequence(output, out arguments.OutputStepStride, out arguments.OutputBatchStride);
        return arguments;
    }

    // Memory for the gradients that are wanted.
    private static LayerGradients Empty(LayerTape tape, WantedGradients wanted)
    {
        var (weights, initial) = (tape.Weights, tape.Initial);
        return new LayerGradients(
            Input: Wanted(WantedGradients.Input, tape.Input), // [T, B, I]
            InputWeight: Wanted(WantedGradients.InputWeight, weights.InputWeight), // [G·H, I]
            HiddenWeight: Wanted(WantedGradients.HiddenWeight, weights.HiddenWeight), // [G·H, H]
            InputBias: Wanted(WantedGradients.InputBias, weights.InputBias), // [G·H]
            HiddenBias: Wanted(WantedGradients.HiddenBias, weights.HiddenBias), // [G·H]
            InitialHidden: Wanted(WantedGradients.InitialState, initial.Hidden), // [B, H]
            InitialCell: Wanted(WantedGradients.InitialState, initial.Count > 1 ? initial.Cell : null), // [B, H]
            Further: wanted.HasFlag(WantedGradients.Further) ? [.. weights.Further.Select(value => Wanted(WantedGradients.Further, value)!)] : null); // [H]

        Tensor? Wanted(WantedGradients gradient, Tensor? value) =>
            value is not null && wanted.HasFlag(gradient) ? Like(value.shape, value) : null;
    }

    private static Tensor Like(long[] shape, Tensor model)
    {
        var tensor = empty(shape, dtype: model.dtype, device: model.device);
        var bytes = tensor.numel() * sizeof(T);
        if (bytes >= LargePages.LeastBytes)
        {
            LargePages.Advise(TensorMemory.Address(tensor), bytes);
        }

        return tensor;
    }
}
