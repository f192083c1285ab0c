using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo;

/// <summary>Tells tied tensors, as the weight of an embedding and of a readout: TorchSharp may show one as two objects.</summary>
internal static class TensorIdentity
{
    /// <returns>Where the elements begin; of a tensor without elements, or not on the CPU, or not in one piece, what only the object has.</returns>
    public static unsafe nint Of(Tensor tensor)
    {
        if (tensor.numel() == 0 || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous() || tensor.numel() * tensor.ElementSize > int.MaxValue)
        {
            return tensor.Handle;
        }

        using var scope = NewDisposeScope();
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        GC.KeepAlive(tensor);
        return address;
    }
}
