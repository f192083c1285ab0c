namespace TorchSharp;

public static partial class torch
{
    /// <summary>Writes libtorch's own archive; see <see cref="Tensor.save"/>.</summary>
    public static void save(Tensor t, string location) => t.save(location);

    public static Tensor load(string location) => Tensor.load(location);
}
