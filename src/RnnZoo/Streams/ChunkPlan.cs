namespace RnnZoo.Streams;

/// <summary>
/// Which steps a chunk is about. Its own steps are [Start, End); it is run from <see cref="From"/>, which lies before Start
/// where gradients reach further back than the chunk.
/// </summary>
/// <param name="From">The first step that is run.</param>
/// <param name="Start">The first step whose loss is counted or reported.</param>
/// <param name="GradientStart">The first step that gradients reach.</param>
/// <param name="End">The step after the last.</param>
/// <param name="NextFrom">The step that the next chunk is run from, at which the state is kept; null after the last chunk.</param>
internal readonly record struct ChunkPlan(long From, long Start, long GradientStart, long End, long? NextFrom)
{
    /// <summary>The first step whose loss is counted.</summary>
    public long Counted => Math.Max(Start, GradientStart);

    /// <param name="start">The chunk's first own step.</param>
    /// <param name="length">How many steps it wants.</param>
    /// <param name="nextLength">How many steps the chunk after it wants.</param>
    /// <param name="steps">T.</param>
    /// <param name="options">k2 and what happens at the end.</param>
    public static ChunkPlan At(long start, long length, long nextLength, long steps, TruncatedBpttOptions options)
    {
        var end = Math.Min(start + length, steps);
        var gradientStart = Reach(start, end, options);
        var isLast = end == steps || (options.DropLast && end + nextLength > steps);
        long? next = isLast ? null : Math.Min(end, Reach(end, Math.Min(end + nextLength, steps), options));
        return new ChunkPlan(Math.Min(start, gradientStart), start, gradientStart, end, next);
    }

    /// <summary>Steps that are run once, whose final state is kept.</summary>
    public static ChunkPlan Segment(long start, long end) => new(start, start, start, end, end);

    private static long Reach(long start, long end, TruncatedBpttOptions options) =>
        options.GradientLength is { } length ? Math.Max(0, end - length) : start;
}
