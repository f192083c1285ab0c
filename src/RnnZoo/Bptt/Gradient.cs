using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Runs a backward pass so that a failure inside it reaches the caller.</summary>
public static class Gradient
{
    /// <summary>
    /// As <c>loss.backward()</c>, but what went wrong in a hand-written backward pass, or with a graph that is spent, is told by
    /// its cause.
    /// </summary>
    /// <param name="loss">One number, [] or [1].</param>
    /// <param name="retainGraph">Whether another backward pass through the same graph follows.</param>
    /// <param name="createGraph">Whether the gradients are to be differentiated again.</param>
    /// <exception cref="ArgumentException">The loss is not one number, or does not depend on anything that needs a gradient.</exception>
    /// <exception cref="InvalidOperationException">Part of the graph has been run backwards before, without retainGraph.</exception>
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
        catch (ExternalException spent) when (spent.Message.Contains("backward through the graph a second time", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("loss: part of its graph has been run backwards before, and what that part kept is freed. A state that is carried on needs its gradient cut: state.Detach(), or h.detach() for each part. To run a graph backwards again, run it with retainGraph: true before.", spent);
        }
        finally
        {
            // If the engine itself throws as well, this one is the cause and takes its place.
            BackwardFailures.ThrowIfAnyFailedHere();
            GC.KeepAlive(loss); // its graph holds the failures of taps and modules that nobody else holds
        }
    }
}
