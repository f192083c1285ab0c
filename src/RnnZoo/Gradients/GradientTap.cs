using System.Runtime.CompilerServices;
using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The gradient hook that TorchSharp lacks: passes a tensor through as it is, and in the backward pass hands its gradient to
/// a callback, which may change it. Any number of taps may stand anywhere in a graph:
/// <code>
/// using var tap = new GradientTap(gradient => Console.WriteLine(gradient.norm().ToDouble()));
/// using var clip = new GradientTap(gradient => gradient.clamp(-1, 1));
/// h = clip.call(tap.call(h));
/// </code>
/// It is a module without parameters, so it also stands between the modules of a Sequential.
/// </summary>
/// <remarks>
/// <para>One tap may be applied to many tensors; the callback is called once for each in each backward pass that reaches it,
/// on the thread of the backward pass. A tensor that needs no gradient, or runs under no_grad, calls nobody.</para>
/// <para>Do not change the result in place: it shares the input's storage. Under create_graph what flows on can be
/// differentiated again, through what the callback made of it too.</para>
/// <para>An exception from the callback may not leave a backward pass, for it would end the process. It is recorded,
/// <c>backward()</c> throws what the engine says of it (within <c>autograd.grad</c>, and for an x of one number without
/// dimensions, the gradient that flows on is NaN), and the exception is thrown, inside a
/// <see cref="BackwardFailedException"/>, at the first of: <see cref="Gradient.Backward"/>, the next call of this tap, <see cref="ThrowIfFailed"/>.</para>
/// </remarks>
public sealed class GradientTap : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor?> _onGradient;
    private readonly BackwardFailures _failures;

    /// <summary>Makes a tap that only looks.</summary>
    /// <param name="onGradient">
    /// Is given ∂L/∂x, of x's shape and element type, without a tape. The tensor is disposed when the call returns, and so is
    /// every tensor made in the call that was not moved out of its dispose scope: take numbers or detached copies
    /// (<c>gradient.clone().DetachFromDisposeScope()</c>). Do not change it in place: it is the gradient that flows on.
    /// </param>
    /// <param name="name">The tap's name, for messages.</param>
    public GradientTap(Action<Tensor> onGradient, string name = nameof(GradientTap)) : base(name)
    {
        ArgumentNullException.ThrowIfNull(onGradient);
        _failures = new BackwardFailures(name);
        _onGradient = gradient =>
        {
            using var noTape = no_grad();
            onGradient(gradient.detach());
            return null;
        };
    }

    /// <summary>Makes a tap that acts.</summary>
    /// <param name="change">
    /// ∂L/∂x → what flows on in its place, of the same shape, element type and device: scaled, clipped, replaced. What it makes
    /// is disposed when the backward pass has gone on. Not to be changed in place.
    /// </param>
    /// <param name="name">The tap's name, for messages.</param>
    public GradientTap(Func<Tensor, Tensor> change, string name = nameof(GradientTap)) : base(name)
    {
        ArgumentNullException.ThrowIfNull(change);
        (_onGradient, _failures) = (change, new BackwardFailures(name));
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
        return Enabled ? TapFunction.Run(input, _onGradient, _failures) : is_grad_enabled() ? input.alias() : input.detach();
    }

    /// <summary>Throws what the callback threw in a backward pass, and forgets it.</summary>
    /// <exception cref="BackwardFailedException">The callback failed since the last call.</exception>
    public void ThrowIfFailed() => _failures.ThrowIfFailed();

    /// <summary>Nothing: a tap has no parts.</summary>
    protected override void RegisterComponents()
    {
    }
}

/// <summary>Hooks on the gradients of tensors, as torch.Tensor.register_hook of PyTorch.</summary>
public static class TensorHooks
{
    private static readonly ConditionalWeakTable<Tensor, HookList> Hooks = [];

    /// <summary>
    /// Calls a function with the tensor's gradient in each backward pass, and lets what it returns flow on in its place:
    /// <code>
    /// using var hook = h.RegisterHook(gradient => gradient * 0.5);
    /// </code>
    /// </summary>
    /// <param name="tensor">
    /// A tensor that was computed, and needs a gradient. The hook stands behind it: it sees the gradient of what uses this
    /// object from now on, not of what used it before. The object's own gradient, by grad or autograd.grad, is the one before
    /// the hook; call retain_grad after registering, and do not change the tensor in place.
    /// </param>
    /// <param name="hook">
    /// ∂L/∂x → what flows on in its place, of the same shape, element type and device; null for ∂L/∂x as it is. Several hooks of
    /// one tensor run in the order in which they were registered. What it throws comes out of <see cref="Gradient.Backward"/>, or of
    /// the handle's <see cref="RemovableHandle.ThrowIfFailed"/>.
    /// </param>
    /// <returns>What removes the hook; it stays if that is dropped.</returns>
    /// <exception cref="InvalidOperationException">The tensor needs no gradient, or is a leaf.</exception>
    public static RemovableHandle RegisterHook(this Tensor tensor, Func<Tensor, Tensor?> hook)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(hook);
        if (!tensor.requires_grad)
        {
            throw new InvalidOperationException("tensor: expected one that needs a gradient, got one that does not; set requires_grad on what it is computed from, before.");
        }

        if (!Hooks.TryGetValue(tensor, out var hooks))
        {
            if (tensor.is_leaf)
            {
                throw new InvalidOperationException("tensor: expected one that was computed, got a leaf, whose gradient arrives in its grad; use y = tap.call(x) of a GradientTap in its place, or change its grad after the backward pass.");
            }

            using var tape = enable_grad();
            var made = new HookList([], new BackwardFailures(nameof(RegisterHook)));
            var tapped = TapFunction.Run(tensor, gradient => Run(made.Handles, gradient), made.Failures);
            (Handle(tensor), Handle(tapped)) = (Handle(tapped), Handle(tensor));
            tapped.Dispose();
            Hooks.Add(tensor, hooks = made);
        }

        var handle = new RemovableHandle(hook, hooks);
        hooks.Handles.Add(handle);
        return handle;
    }

    private static Tensor Run(List<RemovableHandle> hooks, Tensor gradient)
    {
        foreach (var hook in hooks.ToArray()) // a hook may register or remove others
        {
            gradient = hook.Run(gradient);
        }

        return gradient;
    }

    // An object of TorchSharp's is a handle on a tensor of libtorch's: from now on it is one on the tensor behind the hook.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "handle")]
    private static extern ref nint Handle(Tensor tensor);
}

/// <summary>Removes a hook, as torch.utils.hooks.RemovableHandle of PyTorch.</summary>
public sealed class RemovableHandle : IDisposable
{
    private readonly HookList _hooks;
    private Func<Tensor, Tensor?>? _hook;

    internal RemovableHandle(Func<Tensor, Tensor?> hook, HookList hooks) => (_hook, _hooks) = (hook, hooks);

    /// <summary>Ends the hook: backward passes from now on, of graphs that were made before too, go by it.</summary>
    public void Remove()
    {
        _hook = null;
        _hooks.Handles.Remove(this);
    }

    /// <summary>Throws what a hook of the tensor threw in a backward pass, and forgets it; <see cref="Gradient.Backward"/> does so too.</summary>
    /// <exception cref="BackwardFailedException">A hook failed since the last call.</exception>
    public void ThrowIfFailed() => _hooks.Failures.ThrowIfFailed();

    /// <inheritdoc cref="Remove"/>
    public void Dispose() => Remove();

    internal Tensor Run(Tensor gradient) => StepGradient.Changed(_hook?.Invoke(gradient), gradient);
}

/// <summary>The hooks of one tensor, and what they threw.</summary>
internal sealed record HookList(List<RemovableHandle> Handles, BackwardFailures Failures);
