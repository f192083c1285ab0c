namespace RnnZoo.Streams;

/// <summary>Chooses the length of segments. Memory for T steps in segments of s is (⌈T/s⌉ - 1) states and s steps of tape.</summary>
internal static class SegmentChoice
{
    /// <param name="steps">T.</param>
    /// <param name="stateBytes">What one kept state takes.</param>
    /// <param name="stepBytes">What one step of tape takes.</param>
    /// <param name="budget">What all may take; null for about the least that can be.</param>
    /// <returns>s: the longest that fits into the budget, if there is one.</returns>
    /// <exception cref="ArgumentException">No length fits; the message says what would be needed.</exception>
    public static long Length(long steps, long stateBytes, long stepBytes, long? budget)
    {
        // s·tape + T/s·state is least at s² = T·state / tape.
        var root = Math.Sqrt((double)steps * stateBytes / stepBytes);
        var least = Math.Clamp((long)root, 1, steps);
        if (budget is not { } bytes)
        {
            // Half the calls for a quarter more memory.
            return Math.Clamp((long)(2 * root), 1, steps);
        }

        if (Bytes(least) > bytes)
        {
            throw new ArgumentException($"BudgetBytes: expected at least {Bytes(least)} for {steps} steps ({stepBytes} bytes a step, {stateBytes} a state), got {bytes}.");
        }

        if (Bytes(steps) <= bytes)
        {
            return steps;
        }

        var (fits, tooLong) = (least, steps); // beyond the least, memory grows with s but for rounding
        while (tooLong - fits > 1)
        {
            var middle = fits + ((tooLong - fits) / 2);
            (fits, tooLong) = Bytes(middle) <= bytes ? (middle, tooLong) : (fits, middle);
        }

        return fits;

        long Bytes(long length) => (length * stepBytes) + (((steps - 1) / length) * stateBytes);
    }
}
