namespace RnnZoo.Bptt;

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
