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
    /// <returns>[]: nats per counted row.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit, or a target is no class; the message names it.</exception>
    public static Tensor Run(Tensor features, Tensor weight, Tensor? bias, Tensor targets, BackwardFailures failures)
    {
        Check(features, weight, bias, targets);
        var runsKernels = KernelEngine.Reads(features) && features.numel() > 0 && TensorMemory.Fits(features.numel(), features.dtype) && TensorMemory.Fits(weight.numel(), features.dtype);
        if (!runsKernels)
        {
            return ByOperations(features, weight, bias, targets);
        }

        CheckTargets(targets, weight.shape[0]);
        var needsGradient = is_grad_enabled() && (features.requires_grad || weight.requires_grad || bias is { requires_grad: true });
        var call = new Call([features.requires_grad, weight.requires_grad, bias is { requires_grad: true }], bias is not null, failures, Environment.CurrentManagedThreadId);
        return needsGradient ? apply(call, features, weight, bias!, targets) : Compute(features, weight, bias, targets, new bool[3], []);
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        var (features, weight, bias, targets) = ((Tensor)vars[1], (Tensor)vars[2], (Tensor?)vars[3], (Tensor)vars[4]);
        var gradients = new List<Tensor>();
        var loss = Compute(features, weight, bias, targets, call.Wanted, gradients);
        call.Remember(features, weight, bias);
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([features, weight, .. bias is null ? Array.Empty<Tensor>() : [bias], targets, .. gradients]);
        return loss;
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        Tensor?[] gradients;
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

    private static Tensor Compute(Tensor features, Tensor weight, Tensor? bias, Tensor targets, bool[] wanted, List<Tensor> gradients) =>
        features.dtype == ScalarType.Float32
            ? ReadoutMemory<float>.Run(features, weight, bias, targets, wanted, gradients)
            : ReadoutMemory<double>.Run(features, weight, bias, targets, wanted, gradients);

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

    /// <summary>One use of the function; it lives in the function's context.</summary>
    private sealed record Call(bool[] Wanted, bool HasBias, BackwardFailures Failures, int ForwardThread)
    {
        private (long[] Shape, ScalarType DType, Device Device)[] _shapes = [];

        /// <summary>∂L/∂features, weight and bias; null where not wanted.</summary>
        public Tensor?[] Backward(List<Tensor> saved, Tensor dLoss)
        {
            var (features, weight, bias, targets) = (saved[0], saved[1], HasBias ? saved[2] : null, saved[HasBias ? 3 : 2]);
            if (is_grad_enabled())
            {
                return Again(features, weight, bias, targets, dLoss);
            }

            var next = HasBias ? 4 : 3;
            var isOne = dLoss.ToDouble() == 1; // the usual loss.backward()
            return [.. Wanted.Select(wanted => !wanted ? null : isOne ? saved[next++] : saved[next++].mul(dLoss))];
        }

        public void Remember(params Tensor?[] arguments) =>
            _shapes = [.. arguments.Select(argument => argument is null ? ([], ScalarType.Float32, CPU) : (argument.shape, argument.dtype, argument.device))];

        /// <summary>Records why there are no gradients, and stands NaN of the right shapes in their place.</summary>
        public Tensor?[] Fail(Exception failure)
        {
            Failures.Record(failure, ForwardThread);
            return [.. Wanted.Select((wanted, slot) => wanted ? full([1], double.NaN, dtype: _shapes[slot].DType, device: _shapes[slot].Device).expand(_shapes[slot].Shape) : null)];
        }

        private Tensor?[] Again(Tensor features, Tensor weight, Tensor? bias, Tensor targets, Tensor dLoss)
        {
            Tensor?[] arguments = [features, weight, bias];
            Tensor[] asked = [.. arguments.Where((_, slot) => Wanted[slot]).Select(argument => argument!)];
            var gradients = grad([ByOperations(features, weight, bias, targets)], asked, [dLoss], retain_graph: true, create_graph: true);
            var next = 0;
            return [.. Wanted.Select(wanted => wanted ? gradients[next++] : null)];
        }
    }
}
