namespace RnnZoo.Bptt;

/// <summary>
/// A backward pass failed inside libtorch's engine, where nothing may be thrown: the gradients that it left are NaN.
/// The inner exception is what went wrong.
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
