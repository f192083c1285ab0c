using System.Numerics;
using RnnZoo.Kernels;
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
/// that is changed in place before the backward pass is found there. Under create_graph tensor operations find the gradients.
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
        if (!KernelEngine.Reads(features) || features.numel() == 0 || features.size(0) > int.MaxValue || weight.numel() > int.MaxValue)
        {
            return ByOperations(features, weight, bias, targets);
        }

        using var scope = NewDisposeScope();
        CheckTargets(targets, weight.size(0));
        Tensor?[] arguments = [features, weight, bias];
        return is_grad_enabled() && Array.Exists(arguments, argument => argument is { requires_grad: true })
            ? OnTape(new Call(new NodeArguments(arguments, failures), tapes, features), arguments, targets).MoveToOuterDisposeScope()
            : Compute(features, weight, bias, targets, new nint[3]).MoveToOuterDisposeScope();
    }

    // The loss was found before: an exception here would leave the node, and all that it leads to, alive for ever.
    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([.. vars[1..].Select(value => (Tensor)value)]); // features, weight, bias or null, targets
        return call.Loss!;
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor?> gradients;
        try
        {
            // Where nothing reaches the loss, zeros like the tape stand for its gradient.
            gradients = grad_output.Dimensions != 0 ? new Tensor?[3] : call.Backward(ctx.get_saved_variables(), grad_output);
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

    private static Tensor OnTape(Call call, Tensor?[] arguments, Tensor targets)
    {
        using var tape = call.Forward(arguments[0]!, arguments[1]!, arguments[2], targets);
        using var scope = NewDisposeScope();
        var loss = apply([call, .. arguments!, targets]);
        call.Keep(GraphGuard.LikesOf(scope, loss)[0], tape);
        return GraphGuard.Of(loss).MoveToOuterDisposeScope();
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
        var memory = new TensorMemory<long>();
        unsafe
        {
            var id = memory.Dense(targets);
            for (var row = 0L; row < targets.numel(); row++)
            {
                if ((ulong)id[row] >= (ulong)classes && id[row] != ReadoutArguments<float>.Ignored)
                {
                    throw new ArgumentException($"targets: expected classes from 0 to {classes - 1}, got {id[row]}.");
                }
            }
        }

        memory.Release();
    }

    private static void Expect(Tensor value, string name, string expected, bool holds)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: expected {expected}, got {RnnZoo.Check.Show(value.shape)}.");
        }
    }

    /// <summary>One use of the function; it lives in the function's context. Its tape is the gradients that are wanted.</summary>
    private sealed class Call(NodeArguments arguments, TapePool tapes, Tensor model)
    {
        private readonly TapePool.Loan _loan = new(tapes, Slots(arguments).Sum(slot => Length(arguments, slot)), model);
        private readonly long _size = model.ElementSize;

        /// <summary>[] the loss, while the node is made.</summary>
        public Tensor? Loss { get; private set; }

        /// <returns>The tape, in no dispose scope, for <see cref="Keep"/>.</returns>
        public Tensor Forward(Tensor features, Tensor weight, Tensor? bias, Tensor targets)
        {
            using var noTape = no_grad();
            var tape = _loan.Take();
            Loss = Compute(features, weight, bias, targets, Places(tape));
            return tape;
        }

        /// <summary>The node is made: its tape lives as long as a tensor of its own.</summary>
        public void Keep(Tensor owner, Tensor tape)
        {
            _loan.Keep(owner, tape);
            Loss = null;
        }

        /// <summary>∂L/∂features, weight and bias; null where not wanted.</summary>
        public Tensor?[] Backward(List<Tensor> saved, Tensor dLoss)
        {
            var (features, weight, bias, targets) = (saved[0], saved[1], saved[2], saved[3]);
            return is_grad_enabled()
                ? OnAutogradsTape(features, weight, bias, targets, dLoss)
                : _loan.Use(tape => Compute(features, weight, bias, targets, Places(tape)), tape => Copies(tape, dLoss));
        }

        /// <summary>What stands in the place of gradients that could not be found.</summary>
        public List<Tensor?> Fail(Exception failure) => arguments.Fail(failure);

        private static IEnumerable<int> Slots(NodeArguments arguments) => Enumerable.Range(0, 3).Where(arguments.Wants);

        private static long Length(NodeArguments arguments, int slot) => arguments.ShapeOf(slot).Aggregate(1L, (product, size) => product * size);

        // Where the gradients by features, weight and bias lie; 0 for one that is not wanted.
        private nint[] Places(Tensor tape)
        {
            var at = TensorMemory.Address(tape);
            var places = new nint[3];
            foreach (var slot in Slots(arguments))
            {
                places[slot] = at;
                at += (nint)(Length(arguments, slot) * _size);
            }

            return places;
        }

        private Tensor?[] Copies(Tensor tape, Tensor dLoss)
        {
            var isOne = dLoss.ToDouble() == 1; // the usual loss.backward()
            var gradients = new Tensor?[3];
            var offset = 0L;
            foreach (var slot in Slots(arguments))
            {
                using var gradient = tape.narrow(0, offset, Length(arguments, slot)).view(arguments.ShapeOf(slot));
                gradients[slot] = isOne ? gradient.clone() : gradient.mul(dLoss);
                offset += Length(arguments, slot);
            }

            return gradients;
        }

        // ∂L/∂z = (softmax(z) - one-hot) / count, over the rows that count.
        private Tensor?[] OnAutogradsTape(Tensor features, Tensor weight, Tensor? bias, Tensor targets, Tensor dLoss)
        {
            var counts = targets.ne(ReadoutArguments<float>.Ignored).to(features.dtype).unsqueeze(1); // [N, 1]
            var oneHot = nn.functional.one_hot(targets.clamp(0), weight.size(0)).to(features.dtype); // [N, V]
            var dLogits = nn.functional.linear(features, weight, bias).softmax(1).sub(oneHot).mul(counts.div(counts.sum())).mul(dLoss); // [N, V]
            return
            [
                arguments.Wants(0) ? dLogits.mm(weight) : null, // [N, H]
                arguments.Wants(1) ? dLogits.t().mm(features) : null, // [V, H]
                arguments.Wants(2) ? dLogits.sum(dim: 0) : null, // [V]
            ];
        }
    }
}
