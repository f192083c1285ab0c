namespace RnnZoo.Bptt;

/// <summary>
/// A backward pass failed inside libtorch's engine, where nothing may be thrown. The inner exception is what went wrong. No
/// gradient was written, except by <c>autograd.grad</c> or on another device than the CPU: there they are NaN.
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
