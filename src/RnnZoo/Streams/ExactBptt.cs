using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Full backpropagation through time in little memory: the stream is run once without tape, the state kept at the borders
/// of segments; then, from the last segment to the first, each is run again with a tape and its gradient is handed to the
/// one before. The gradients are those of full backpropagation, for about one third more time (Gruslys et al.,
/// "Memory-Efficient Backpropagation Through Time", 2016).
/// <code>
/// optimizer.zero_grad();
/// var result = ExactBptt.Backward(model, streams, (output, target) => cross_entropy(output.flatten(0, 1), target.flatten(), reduction: Reduction.Sum));
/// optimizer.step();
/// </code>
/// </summary>
/// <remarks>
/// <para>Gradients are added to the parameters' as <c>backward()</c> adds them. The loss is a sum over steps: it is called
/// for each segment with the outputs and targets of that segment alone; divide by the number of steps for a mean.</para>
/// <para>Where documents start, states are reset as by <see cref="TruncatedBpttLoader"/>. Dropout draws the same numbers
/// again from torch's default CPU generator; a net with a generator of its own must not draw.</para>
/// </remarks>
public static class ExactBptt
{
    /// <summary>Finds the gradients of a model.</summary>
    /// <param name="model">The model; time comes first.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, O], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model takes the batch first or reads both ways.</exception>
    public static ExactBpttResult Backward(SequenceModel model, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(streams);
        Forwards.Check(model.Recurrent);
        options ??= new ExactBpttOptions();
        return Backward(model.call, streams, lossSum, options with { BytesPerStep = options.BytesPerStep ?? StepMemory.Of(model, streams.Streams) });
    }

    /// <summary>Finds the gradients of a recurrent module.</summary>
    /// <param name="module">The module; time comes first.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, H], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the module takes the batch first or reads both ways.</exception>
    public static ExactBpttResult Backward(IRecurrentModule module, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(streams);
        Forwards.Check(module);
        options ??= new ExactBpttOptions();
        return Backward(module.Run, streams, lossSum, options with { BytesPerStep = options.BytesPerStep ?? StepMemory.Of(module, streams.Streams) });
    }

    /// <summary>Finds the gradients of Σ output · dOutput, for a loss whose gradient is known.</summary>
    /// <param name="module">The module; time comes first.</param>
    /// <param name="input">[T, B, I]; if it needs a gradient, it gets one.</param>
    /// <param name="dOutput">[T, B, H]: ∂L/∂output.</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">A shape or an option does not fit; the message names it.</exception>
    public static ExactBpttResult Backward(IRecurrentModule module, Tensor input, Tensor dOutput, ExactBpttOptions? options = null) =>
        Backward(module, new TensorStreams(input, dOutput), (output, cotangent) => output.mul(cotangent).sum(), options);

    /// <summary>Finds the gradients of any net.</summary>
    /// <param name="net">(input [s, B, …], state or null for the net's zeros) → output [s, B, …] and the final state. It is
    /// called twice for every segment and must give the same numbers both times.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, …], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take. Without a budget and without <see cref="ExactBpttOptions.BytesPerStep"/>, segments have √T steps.</param>
    /// <exception cref="ArgumentException">An option is out of its range, the budget is too small, or the loss is not one number.</exception>
    /// <exception cref="InvalidOperationException">What the net returned does not fit, or gradients are switched off.</exception>
    /// <exception cref="BackwardFailedException">A backward pass failed.</exception>
    public static ExactBpttResult Backward(Func<Tensor, RecurrentState?, RecurrentResult> net, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(net);
        ArgumentNullException.ThrowIfNull(streams);
        ArgumentNullException.ThrowIfNull(lossSum);
        options ??= new ExactBpttOptions();
        options.Validate();
        if (!is_grad_enabled())
        {
            throw new InvalidOperationException("ExactBptt.Backward: expected gradients to be switched on, got no_grad() on this thread.");
        }

        return new SegmentedPass(net, streams, lossSum, options).Run();
    }
}
