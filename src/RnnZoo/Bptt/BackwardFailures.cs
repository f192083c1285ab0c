namespace RnnZoo.Bptt;

/// <summary>
/// Keeps what was thrown in the backward pass of one module until it can be thrown to the user. An exception that leaves
/// a backward function ends the process; so the function records it here and returns what the engine refuses, or NaN.
/// </summary>
/// <remarks>
/// What is recorded is thrown once, at the first of: <see cref="Gradient.Backward"/> on the thread of the forward or the
/// backward pass, the next forward pass of the module, <see cref="ThrowIfFailed"/>. Thread-safe.
/// </remarks>
internal sealed class BackwardFailures(string owner)
{
    private static readonly Lock Gate = new();
    private static readonly List<WeakReference<BackwardFailures>> Failed = [];

    private Exception? _failure;
    private int _forwardThread;
    private int _backwardThread;

    /// <summary>Records the cause of a failed backward pass; of several the first is kept.</summary>
    public void Record(Exception failure, int forwardThread)
    {
        ArgumentNullException.ThrowIfNull(failure);
        lock (Gate)
        {
            if (_failure is not null)
            {
                return;
            }

            (_failure, _forwardThread, _backwardThread) = (failure, forwardThread, Environment.CurrentManagedThreadId);
            Failed.RemoveAll(reference => !reference.TryGetTarget(out _));
            Failed.Add(new WeakReference<BackwardFailures>(this));
        }
    }

    /// <summary>Throws what is recorded, and forgets it; does nothing if nothing is.</summary>
    /// <exception cref="BackwardFailedException">A backward pass failed since the last call.</exception>
    public void ThrowIfFailed()
    {
        Exception? failure;
        lock (Gate)
        {
            failure = _failure;
            _failure = null;
            Failed.RemoveAll(reference => !reference.TryGetTarget(out var other) || ReferenceEquals(other, this));
        }

        if (failure is not null)
        {
            throw new BackwardFailedException($"{owner}: the backward pass failed: {failure.Message}", failure);
        }
    }

    /// <summary>Throws the first failure of any module whose forward or backward pass ran on this thread.</summary>
    internal static void ThrowIfAnyFailedHere()
    {
        var thread = Environment.CurrentManagedThreadId;
        BackwardFailures? first = null;
        lock (Gate)
        {
            foreach (var reference in Failed)
            {
                if (reference.TryGetTarget(out var failures) && (failures._forwardThread == thread || failures._backwardThread == thread))
                {
                    first = failures;
                    break;
                }
            }
        }

        first?.ThrowIfFailed();
    }
}

/// <summary>
/// A backward pass failed inside libtorch's engine, where nothing may be thrown. The inner exception is what went wrong. The
/// layer that failed, and what lies behind it, has no new gradients; what the pass came to before it, a readout say, has. By
/// <c>autograd.grad</c>, and on another device than the CPU, gradients are NaN instead.
/// </summary>
public sealed class BackwardFailedException : Exception
{
    /// <summary>Wraps what went wrong.</summary>
    /// <param name="message">Which module failed, and why.</param>
    /// <param name="innerException">What was thrown.</param>
    public BackwardFailedException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
