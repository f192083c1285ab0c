namespace TorchSharp.NN;

internal static class Check
{
    public static void Positive(long value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name}: expected a positive number, got {value}.");
        }
    }
}
