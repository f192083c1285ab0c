namespace RnnZoo;

/// <summary>A random generator whose whole state is one number (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).</summary>
internal struct SplitMix64(ulong state)
{
    /// <summary>Where it stands.</summary>
    public ulong State { get; private set; } = state;

    /// <summary>A number from 0 to below 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number with mean 0 and standard deviation 1 (Box and Muller, 1958).</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    private ulong Next()
    {
        State += 0x9E3779B97F4A7C15;
        var z = (State ^ (State >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
