namespace RnnZoo.Streams;

/// <summary>Checks that sources of streams share.</summary>
internal static class StreamCheck
{
    public static void Range(StreamSource source, long start, long count)
    {
        if (start < 0 || count < 1 || start > source.Steps - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), start, $"start: expected a range within the streams' {source.Steps} steps, got {count} from step {start}.");
        }
    }
}
