using System.Text;

namespace RnnZoo;

/// <summary>Makes many independent seeds from one.</summary>
public static class Seeds
{
    /// <summary>A seed for one purpose: the same arguments give the same seed on every machine, others an unrelated one.</summary>
    /// <param name="seed">The seed of the whole run.</param>
    /// <param name="purpose">What the new seed is for.</param>
    /// <param name="numbers">Which one of that purpose.</param>
    /// <returns>A number from 0 to 2^63 - 1, so that it also fits where seeds are signed.</returns>
    public static long Derive(long seed, string purpose, params ReadOnlySpan<long> numbers)
    {
        var state = Mix((ulong)seed);
        foreach (var letter in Encoding.UTF8.GetBytes(purpose))
        {
            state = Mix(state ^ letter);
        }

        // Keeps ("a", 1) apart from a purpose whose letters happen to look like the number.
        state = Mix(state ^ 0x100);
        foreach (var number in numbers)
        {
            state = Mix(state ^ (ulong)number);
        }

        return (long)(state >> 1);
    }

    /// <summary>One step of SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Mix(ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }
}
