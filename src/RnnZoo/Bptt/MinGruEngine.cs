using System.Numerics;
using RnnZoo.Bptt.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer of the minGRU on the CPU, in float32 or float64: products by torch over the whole sequence,
/// the recurrence by <see cref="MinGruKernel"/>. Equal to <see cref="MinGruBptt"/>, whose tape it shares, but for rounding.
/// </summary>
internal sealed class MinGruEngine : ILayerKernel
{
    // About 50 µs of one core's memory traffic: less is done before a sleeping thread is awake.
    private const double EntriesPerThread = 1e5;

    private static readonly MinGruBptt Equations = new();

    public bool TakesTokens => false;

    public bool TakesLayerAxis => false;

    public bool CanRun(LayerArguments arguments)
    {
        var (input, initial, dtype) = (arguments.Input, arguments.Initial.Hidden, arguments.Input.dtype);
        return input.shape is [> 0 and <= int.MaxValue, > 0, > 0]
            && initial.shape is [_, > 0]
            && Array.TrueForAll(arguments.Slots(), tensor => tensor is null || (KernelEngine.Reads(tensor) && tensor.dtype == dtype))
            && TensorMemory.Fits(input.shape[0] * initial.numel(), dtype);
    }

    public LayerRun Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed, bool keepTape)
    {
        Equations.CheckForward(input, initial, weights);
        return input.dtype == ScalarType.Float32
            ? Forward<float>(input, initial, weights, reversed, keepTape)
            : Forward<double>(input, initial, weights, reversed, keepTape);
    }

    public LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        LayerCheck.Cotangents(tape, cotangents, stateParts: 1);
        return tape.Input.dtype == ScalarType.Float32
            ? Backward<float>(tape, cotangents, wanted, norms)
            : Backward<double>(tape, cotangents, wanted, norms);
    }

    private static unsafe LayerRun Forward<T>(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed, bool keepTape)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        long[] shape = [input.shape[0], input.shape[1], weights.HiddenSize];
        var rows = input.reshape(shape[0] * shape[1], input.shape[2]); // [T·B, I]
        var gate = Product(rows, weights, 0).view(shape); // [T, B, H]: a_t, then z_t
        var candidate = Product(rows, weights, 1).view(shape); // [T, B, H]
        var output = empty(shape, dtype: input.dtype, device: input.device); // [T, B, H]

        var memory = new TensorMemory<T>();
        MinGruKernel.Forward(Arguments(memory, gate, candidate, initial.Hidden, output, reversed), Threads(output));
        memory.Release();

        var final = new RecurrentState(output[reversed ? 0 : shape[0] - 1].clone().MoveToOuterDisposeScope()); // [B, H]
        output.MoveToOuterDisposeScope();
        var tape = keepTape
            ? new LayerTape(input, initial, weights, [output], [gate.MoveToOuterDisposeScope(), candidate.MoveToOuterDisposeScope()], reversed)
            : null;
        return new LayerRun(output, final, tape);
    }

    private static unsafe LayerGradients Backward<T>(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (output, initial) = (tape.States[0], tape.Initial.Hidden); // [T, B, H], [B, H]
        var wantsSteps = norms is not null || wanted.HasFlag(WantedGradients.Steps);
        var dState = cotangents.FinalHidden is { } dFinal ? dFinal.clone().contiguous() : zeros_like(output[0]); // [B, H]
        var (dGate, dCandidate) = (empty_like(output), empty_like(output)); // [T, B, H] each
        var dFuture = wantsSteps ? empty_like(output) : null; // [T, B, H]

        var memory = new TensorMemory<T>();
        var arguments = Arguments(memory, tape.Kept[0], tape.Kept[1], initial, output, tape.Reversed);
        arguments.DOutput = memory.Dense(cotangents.Output);
        arguments.DState = memory.Dense(dState);
        arguments.DGate = memory.Dense(dGate);
        arguments.DCandidate = memory.Dense(dCandidate);
        arguments.DFuture = memory.Dense(dFuture);
        MinGruKernel.Backward(arguments, Threads(output));
        memory.Release();

        var steps = dFuture is null ? null : new StepGradients(cotangents.Output?.alias() ?? zeros_like(output), dFuture);
        norms?.Take(steps!, dGate, output);
        return Gather(tape, wanted, dGate, dCandidate, dState, wanted.HasFlag(WantedGradients.Steps) ? steps : null).MoveToOuterDisposeScope();
    }

    // The equations (4), (5), (7) and (9) of LayerBptt, block by block.
    private static LayerGradients Gather(LayerTape tape, WantedGradients wanted, Tensor dGate, Tensor dCandidate, Tensor dState, StepGradients? steps)
    {
        var (gates, candidates, x) = (Rows(dGate), Rows(dCandidate), Rows(tape.Input)); // [T·B, H], [T·B, H], [T·B, I]
        var weights = tape.Weights.InputWeight.chunk(2, 0); // 2 × [H, I]
        return new LayerGradients(
            Input: wanted.HasFlag(WantedGradients.Input) ? gates.mm(weights[0]).addmm(candidates, weights[1]).view(tape.Input.shape) : null, // [T, B, I] (4)
            InputWeight: wanted.HasFlag(WantedGradients.InputWeight) ? cat([gates.t().mm(x), candidates.t().mm(x)], 0) : null, // [2H, I] (5)
            InputBias: tape.Weights.InputBias is not null && wanted.HasFlag(WantedGradients.InputBias) ? cat([gates.sum(dim: 0), candidates.sum(dim: 0)], 0) : null, // [2H] (7)
            InitialHidden: wanted.HasFlag(WantedGradients.InitialState) ? dState : null, // [B, H] (9)
            Steps: steps);
    }

    private static unsafe MinGruArguments<T> Arguments<T>(TensorMemory<T> memory, Tensor gate, Tensor candidate, Tensor initial, Tensor output, bool reversed)
        where T : unmanaged => new()
        {
            Steps = (int)output.shape[0],
            Entries = (nint)(output.shape[1] * output.shape[2]),
            Reverse = reversed,
            Gate = memory.Dense(gate),
            Candidate = memory.Dense(candidate),
            H0 = memory.Dense(initial),
            Output = memory.Dense(output),
        };

    private static Tensor Product(Tensor rows, LayerWeights weights, int block)
    {
        var weight = weights.InputWeight.narrow(0, block * weights.HiddenSize, weights.HiddenSize).t(); // [I, H]
        return weights.InputBias is { } bias
            ? bias.narrow(0, block * weights.HiddenSize, weights.HiddenSize).addmm(rows, weight) // [T·B, H]
            : rows.mm(weight); // [T·B, H]
    }

    private static int Threads(Tensor output) => (int)Math.Clamp(output.numel() / EntriesPerThread, 1, get_num_threads());

    private static Tensor Rows(Tensor sequence) => sequence.reshape(sequence.shape[0] * sequence.shape[1], sequence.shape[2]); // [T·B, ·]
}
