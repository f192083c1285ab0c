using System.Diagnostics;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What a node of ours knows of its arguments when it cannot read them, and how it fails.</summary>
internal sealed class NodeArguments
{
    private readonly (long[] Shape, ScalarType DType, Device Device)?[] _wanted;
    private readonly BackwardFailures _failures;
    private readonly int _forwardThread = Environment.CurrentManagedThreadId;

    /// <param name="arguments">What the node reads; null for what is not there.</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    public NodeArguments(Tensor?[] arguments, BackwardFailures failures)
    {
        _failures = failures;
        _wanted = Array.ConvertAll(arguments, argument => argument is { requires_grad: true } ? (argument.shape, argument.dtype, argument.device) : ((long[], ScalarType, Device)?)null);
    }

    /// <summary>How many arguments there can be.</summary>
    public int Count => _wanted.Length;

    /// <summary>Whether an argument asks for a gradient.</summary>
    public bool Wants(int slot) => _wanted[slot] is not null;

    /// <summary>The shape of an argument that asks for a gradient.</summary>
    public long[] ShapeOf(int slot) => _wanted[slot]!.Value.Shape;

    /// <summary>Records why there are no gradients, and gives what stands in their place; see <see cref="Refusal"/>.</summary>
    public List<Tensor?> Fail(Exception failure)
    {
        _failures.Record(failure, _forwardThread);
        return [.. _wanted.Select(argument => argument is var (shape, dtype, device) ? Refusal(shape, dtype, device) : null)];
    }

    /// <summary>
    /// What a node returns in place of a gradient that it could not find. Within <c>backward()</c>, a number where an array is
    /// expected: the engine refuses it by an exception, before it writes a gradient of this node's arguments. Within <c>autograd.grad</c>,
    /// where an error of the engine would end the process, and where the caller is not known, NaN of the right shape.
    /// </summary>
    public static Tensor Refusal(long[] shape, ScalarType dtype, Device device)
    {
        var nan = full([], double.NaN, dtype: dtype, device: device);
        return IsInBackward() ? nan : nan.expand(shape);
    }

    // On the CPU the engine runs a node on the thread that called it. Callers may be inlined; the calls into native code are
    // always on the stack. Only a node that has failed asks.
    private static bool IsInBackward()
    {
        foreach (var frame in new StackTrace().GetFrames())
        {
            switch (frame.GetMethod()?.Name)
            {
                case "THSTensor_backward" or "THSAutograd_backward":
                    return true;
                case "THSAutograd_grad":
                    return false;
            }
        }

        return false;
    }
}
