using System.Numerics;
using System.Runtime.InteropServices;
using RnnZoo.Bptt.Kernels;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>
/// The mean cross-entropy of a linear readout as one node of the tape. On the CPU, in float32 and float64, the loss and its
/// gradients come from one pass over the features, and the logits are never stored; elsewhere tensor operations do it.
/// </summary>
/// <remarks>
/// The gradients are found in the forward pass, for a loss has one cotangent, a number. Arguments are saved variables, so one
/// that is changed in place before the backward pass is found there. Under create_graph tensor operations run again.
/// </remarks>
internal sealed class ReadoutLoss : SingleTensorFunction<ReadoutLoss>
{
    private const string CallKey = "call";

    public override string Name => nameof(ReadoutLoss);

    /// <summary>The mean loss over the rows.</summary>
    /// <param name="features">[N, H].</param>
    /// <param name="weight">[V, H].</param>
    /// <param name="bias">[V], or null.</param>
    /// <param name="targets">[N] classes (int64); −100 is not counted.</param>
    /// <param name="failures">Keeps what goes wrong in the backward pass.</param>
    /// <param name="tapes">Where the memory for the gradients comes from and goes to.</param>
    /// <returns>[]: nats per counted row.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit, or a target is no class; the message names it.</exception>
    public static Tensor Run(Tensor features, Tensor weight, Tensor? bias, Tensor targets, BackwardFailures failures, TapePool tapes)
    {
        Check(features, weight, bias, targets);
        if (!KernelEngine.Reads(features) || features.numel() == 0)
        {
            return ByOperations(features, weight, bias, targets);
        }

        CheckTargets(targets, weight.shape[0]);
        Tensor?[] arguments = [features, weight, bias];
        using var scope = NewDisposeScope();
        if (!is_grad_enabled() || !Array.Exists(arguments, argument => argument is { requires_grad: true }))
        {
            return Compute(features, weight, bias, targets, new nint[3]).MoveToOuterDisposeScope();
        }

        var call = new Call(new NodeArguments(arguments, failures), bias is not null, tapes, features.dtype);
        using var tape = call.TakeTape(features); // the node saves it
        return GraphGuard.Of(apply([call, .. arguments!, targets])).MoveToOuterDisposeScope();
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        var (features, weight, bias, targets) = ((Tensor)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor)vars[4]);
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([features, weight, .. bias is null ? Array.Empty<Tensor>() : [bias], targets, call.Tape!]);
        return Compute(features, weight, bias, targets, call.Gradients(call.Tape!));
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor?> gradients;
        try
        {
            gradients = call.Backward(ctx.get_saved_variables(), grad_output);
        }
        catch (Exception failure)
        {
            gradients = call.Fail(failure);
        }

        foreach (var gradient in gradients)
        {
            gradient?.MoveToOuterDisposeScope();
        }

        grad_output.Dispose(); // made for this call; the caller's scope would keep it
        return [null!, .. gradients.Select(gradient => gradient!), null!];
    }

    private static Tensor ByOperations(Tensor features, Tensor weight, Tensor? bias, Tensor targets) =>
        nn.functional.cross_entropy(nn.functional.linear(features, weight, bias), targets); // []

    // Gradients go to the addresses that are not 0.
    private static Tensor Compute(Tensor features, Tensor weight, Tensor? bias, Tensor targets, nint[] gradients) =>
        features.dtype == ScalarType.Float32
            ? Compute<float>(features, weight, bias, targets, gradients)
            : Compute<double>(features, weight, bias, targets, gradients);

    private static unsafe Tensor Compute<T>(Tensor features, Tensor weight, Tensor? bias, Tensor targets, nint[] gradients)
        where T : unmanaged, INumberBase<T>
    {
        var memory = new TensorMemory<T>();
        var classes = new TensorMemory<long>();
        var arguments = new ReadoutArguments<T>
        {
            Rows = (int)features.size(0),
            Hidden = (int)features.size(1),
            Classes = (int)weight.size(0),
            Features = memory.Dense(features),
            Weight = memory.Dense(weight),
            Bias = memory.Dense(bias),
            Targets = classes.Dense(targets),
            DFeatures = (T*)gradients[0],
            DWeight = (T*)gradients[1],
            DBias = (T*)gradients[2],
        };
        var flops = 2.0 * arguments.Rows * arguments.Hidden * arguments.Classes;
        var loss = tensor(ReadoutKernel.Run(arguments, ThreadChoice.For(flops)), dtype: features.dtype); // []
        memory.Release();
        classes.Release();
        return loss;
    }

    private static void Check(Tensor features, Tensor weight, Tensor? bias, Tensor targets)
    {
        Expect(features, "features", "[N, H]", features.Dimensions == 2);
        Expect(weight, "weight", $"[V, H] with H = {features.shape[1]}", weight.Dimensions == 2 && weight.shape[1] == features.shape[1]);
        Expect(targets, "targets", $"[N] with N = {features.shape[0]}", targets.Dimensions == 1 && targets.shape[0] == features.shape[0]);
        if (bias is not null)
        {
            Expect(bias, "bias", $"[V] with V = {weight.shape[0]}", bias.Dimensions == 1 && bias.shape[0] == weight.shape[0]);
        }

        foreach (var (name, value) in new[] { ("weight", weight), ("bias", bias), ("targets", targets) })
        {
            var dtype = name == "targets" ? ScalarType.Int64 : features.dtype;
            if (value is not null && (value.dtype != dtype || value.device_type != features.device_type || value.device_index != features.device_index))
            {
                throw new ArgumentException($"{name}: expected dtype {dtype} on {features.device}, got {value.dtype} on {value.device}; convert it with .to(...).");
            }
        }
    }

    private static void CheckTargets(Tensor targets, long classes)
    {
        using var scope = NewDisposeScope();
        var dense = targets.contiguous();
        foreach (var id in MemoryMarshal.Cast<byte, long>(dense.bytes))
        {
            if ((ulong)id >= (ulong)classes && id != ReadoutArguments<float>.Ignored)
            {
                throw new ArgumentException($"targets: expected classes from 0 to {classes - 1}, got {id}.");
            }
        }

        GC.KeepAlive(dense);
    }

    private static void Expect(Tensor value, string name, string expected, bool holds)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: expected {expected}, got {Modules.Check.Show(value.shape)}.");
        }
    }

    /// <summary>One use of the function; it lives in the function's context. Its tape is the gradients that are wanted.</summary>
    private sealed class Call(NodeArguments arguments, bool hasBias, TapePool tapes, ScalarType dtype)
    {
        private TapePool.Tape? _returned;

        /// <summary>The tape, while the node is made.</summary>
        public Tensor? Tape { get; private set; }

        public Tensor TakeTape(Tensor like) => Tape = tapes.Take(Slots.Sum(Length), like);

        /// <summary>Where on a tape the gradients by features, weight and bias lie; 0 for one that is not wanted.</summary>
        public nint[] Gradients(Tensor tape)
        {
            var (at, size) = (TensorMemory.Address(tape), dtype == ScalarType.Float64 ? sizeof(double) : sizeof(float));
            var gradients = new nint[3];
            foreach (var slot in Slots)
            {
                gradients[slot] = at;
                at += (nint)(Length(slot) * size);
            }

            return gradients;
        }

        /// <summary>∂L/∂features, weight and bias; null where not wanted.</summary>
        public Tensor?[] Backward(List<Tensor> saved, Tensor dLoss)
        {
            var (features, weight, bias, targets) = (saved[0], saved[1], hasBias ? saved[2] : null, saved[^2]);
            if (is_grad_enabled())
            {
                return Again(features, weight, bias, targets, dLoss);
            }

            var tape = _returned is null ? saved[^1] : tapes.TryTakeBack(_returned) ? _returned.Memory : null;
            if (tape is null)
            {
                tape = tapes.Take(Slots.Sum(Length), features);
                _ = Compute(features, weight, bias, targets, Gradients(tape));
            }

            var gradients = new Tensor?[3];
            var offset = 0L;
            foreach (var slot in Slots)
            {
                var gradient = tape.narrow(0, offset, Length(slot)).view(arguments.ShapeOf(slot));
                gradients[slot] = dLoss.ToDouble() == 1 ? gradient.clone() : gradient.mul(dLoss);
                offset += Length(slot);
            }

            _returned = tapes.Return(tape);
            return gradients;
        }

        /// <summary>What stands in the place of gradients that could not be found.</summary>
        public List<Tensor?> Fail(Exception failure) => arguments.Fail(failure);

        private IEnumerable<int> Slots => Enumerable.Range(0, 3).Where(arguments.Wants);

        private long Length(int slot) => arguments.ShapeOf(slot).Aggregate(1L, (product, size) => product * size);

        private Tensor?[] Again(Tensor features, Tensor weight, Tensor? bias, Tensor targets, Tensor dLoss)
        {
            Tensor?[] given = [features, weight, bias];
            var found = grad([ByOperations(features, weight, bias, targets)], [.. Slots.Select(slot => given[slot]!)], [dLoss], retain_graph: true, create_graph: true);
            var gradients = new Tensor?[3];
            foreach (var (slot, gradient) in Slots.Zip(found))
            {
                gradients[slot] = gradient;
            }

            return gradients;
        }
    }
}
