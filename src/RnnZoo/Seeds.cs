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

    private static ulong Mix(ulong state) => new SplitMix64(state).Next();
}

/// <summary>A random generator whose whole state is one number (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).</summary>
internal struct SplitMix64(ulong state)
{
    /// <summary>Where it stands.</summary>
    public ulong State { get; private set; } = state;

    /// <summary>Any 64 bits.</summary>
    public ulong Next()
    {
        State += 0x9E3779B97F4A7C15;
        var z = (State ^ (State >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to below 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number with mean 0 and standard deviation 1 (Box and Muller, 1958).</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }
}
