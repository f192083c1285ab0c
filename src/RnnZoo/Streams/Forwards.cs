using RnnZoo.Modules;

namespace RnnZoo.Streams;

/// <summary>What a net must be to go through a stream piece by piece.</summary>
internal static class Forwards
{
    /// <exception cref="ArgumentException">The net takes the batch first, or reads both ways.</exception>
    public static void Check(IRecurrentModule module)
    {
        if (module.BatchFirst)
        {
            throw new ArgumentException("model: expected one with time first, got batchFirst: true; streams are [T, B, …].");
        }

        if (module.NumDirections != 1)
        {
            throw new ArgumentException("model: expected one that reads forwards, got a bidirectional one, whose backward direction would have to start at the streams' end.");
        }
    }
}
