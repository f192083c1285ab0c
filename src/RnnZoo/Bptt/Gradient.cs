using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Runs a backward pass so that a failure inside it reaches the caller.</summary>
public static class Gradient
{
    /// <summary>
    /// As <c>loss.backward()</c>, but what went wrong in a hand-written backward pass is thrown here, in place of the NaN
    /// gradients that it leaves.
    /// </summary>
    /// <param name="loss">One number, [] or [1].</param>
    /// <param name="retainGraph">Whether another backward pass through the same graph follows.</param>
    /// <param name="createGraph">Whether the gradients are to be differentiated again.</param>
    /// <exception cref="ArgumentException">The loss is not one number, or does not depend on anything that needs a gradient.</exception>
    /// <exception cref="BackwardFailedException">The backward pass failed, or an earlier one did and was not reported yet.</exception>
    public static void Backward(Tensor loss, bool retainGraph = false, bool createGraph = false)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.NumberOfElements != 1)
        {
            throw new ArgumentException($"loss: expected one number, got shape {Check.Show(loss.shape)}; reduce it with sum() or mean().");
        }

        if (!loss.requires_grad)
        {
            throw new ArgumentException("loss: expected a loss that depends on a parameter or an input with requires_grad, got one that does not; it was computed under no_grad, or everything is frozen.");
        }

        BackwardFailures.ThrowIfAnyFailedHere();
        try
        {
            loss.backward(null, retainGraph || createGraph, createGraph);
        }
        finally
        {
            // If the engine itself throws as well, this one is the cause and takes its place.
            BackwardFailures.ThrowIfAnyFailedHere();
            GC.KeepAlive(loss); // its graph holds the failures of taps and modules that nobody else holds
        }
    }
}
