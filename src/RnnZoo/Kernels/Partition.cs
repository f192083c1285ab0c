namespace RnnZoo.Kernels;

/// <summary>Even shares of a range.</summary>
internal static class Partition
{
    /// <summary>Start of share <paramref name="part"/> of <paramref name="count"/>; share part ends where part + 1 starts.</summary>
    public static int Start(int count, int part, int parts) => (int)((long)count * part / parts);
}
