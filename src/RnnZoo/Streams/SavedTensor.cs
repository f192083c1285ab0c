using System.Globalization;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>A tensor's numbers, bit for bit, in a form that System.Text.Json writes and reads.</summary>
/// <param name="ElementType">The name of its element type, such as Float32.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Device">Where it lived.</param>
/// <param name="Data">Its elements, row-major, little-endian.</param>
public sealed record SavedTensor(string ElementType, IReadOnlyList<long> Shape, string Device, byte[] Data)
{
    internal static SavedTensor Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var dense = tensor.detach().cpu().contiguous();
        return new SavedTensor(tensor.dtype.ToString(), tensor.shape, tensor.device.ToString(), dense.bytes.ToArray());
    }

    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    internal Tensor ToTensor()
    {
        using var scope = NewDisposeScope();
        if (!Enum.TryParse<ScalarType>(ElementType, out var dtype) || !Enum.IsDefined(dtype) || Shape.Any(size => size < 0))
        {
            throw new ArgumentException($"position: State: expected a tensor with a known element type and a shape, got {ElementType} [{string.Join(", ", Shape)}].");
        }

        var tensor = empty([.. Shape], dtype: dtype);
        if (tensor.bytes.Length != Data.Length)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"position: State: expected {tensor.bytes.Length} bytes for {ElementType} [{string.Join(", ", Shape)}], got {Data.Length}."));
        }

        Data.CopyTo(tensor.bytes);
        GC.KeepAlive(tensor);
        return tensor.to(new Device(Device)).MoveToOuterDisposeScope();
    }
}
