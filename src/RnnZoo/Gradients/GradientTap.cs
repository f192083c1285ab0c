using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The gradient hook that TorchSharp lacks: passes a tensor through as it is, and in the backward pass hands its gradient to
/// a callback. Any number of taps may stand anywhere in a graph:
/// <code>
/// using var tap = new GradientTap(gradient => Console.WriteLine(gradient.norm().ToDouble()));
/// h = tap.call(h);
/// </code>
/// It is a module without parameters, so it also stands between the modules of a Sequential.
/// </summary>
/// <remarks>
/// <para>One tap may be applied to many tensors; the callback is called once for each in each backward pass that reaches it,
/// on the thread of the backward pass. A tensor that needs no gradient, or runs under no_grad, calls nobody.</para>
/// <para>Do not change the result in place: it shares the input's storage. The gradient itself flows on as it is, and under
/// create_graph it can be differentiated again.</para>
/// <para>An exception from the callback may not leave a backward pass, for it would end the process. It is recorded,
/// <c>backward()</c> throws what the engine says of it (within <c>autograd.grad</c>, and for an x of one number without
/// dimensions, the gradient that flows on is NaN), and the exception is thrown, inside a
/// <see cref="BackwardFailedException"/>, at the first of: <see cref="Gradient.Backward"/>, the next call of this tap, <see cref="ThrowIfFailed"/>.</para>
/// </remarks>
public sealed class GradientTap : nn.Module<Tensor, Tensor>
{
    private readonly Action<Tensor> _onGradient;
    private readonly BackwardFailures _failures;

    /// <summary>Makes a tap.</summary>
    /// <param name="onGradient">
    /// Is given ∂L/∂x, of x's shape and element type, without a tape. The tensor is disposed when the call returns, and so is
    /// every tensor made in the call that was not moved out of its dispose scope: take numbers or detached copies
    /// (<c>gradient.clone().DetachFromDisposeScope()</c>). Do not change it in place: it is the gradient that flows on.
    /// </param>
    /// <param name="name">The tap's name, for messages.</param>
    public GradientTap(Action<Tensor> onGradient, string name = nameof(GradientTap)) : base(name)
    {
        ArgumentNullException.ThrowIfNull(onGradient);
        (_onGradient, _failures) = (onGradient, new BackwardFailures(name));
    }

    /// <summary>Whether the callback is called; it counts when <c>call</c> runs, not in the backward pass.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Passes a tensor through.</summary>
    /// <param name="input">x, of any shape.</param>
    /// <returns>A new tensor with x's values, on x's storage.</returns>
    /// <exception cref="BackwardFailedException">The callback failed in an earlier backward pass.</exception>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ThrowIfFailed();
        return Enabled ? TapFunction.Run(input, new TapCall(_onGradient, _failures)) : is_grad_enabled() ? input.alias() : input.detach();
    }

    /// <summary>Throws what the callback threw in a backward pass, and forgets it.</summary>
    /// <exception cref="BackwardFailedException">The callback failed since the last call.</exception>
    public void ThrowIfFailed() => _failures.ThrowIfFailed();

    /// <summary>Nothing: a tap has no parts.</summary>
    protected override void RegisterComponents()
    {
    }
}
