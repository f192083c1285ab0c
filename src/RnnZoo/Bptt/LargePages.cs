using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Asks Linux to back memory that a pass is about to fill with large pages, where the machine is set to grant them
/// (transparent_hugepage: madvise or always).
/// </summary>
/// <remarks>
/// malloc gives a block above 32 MiB back to the system when it is freed, so the tape of a long sequence is new memory in
/// every training step. In pages of 4 KiB its first touch took a quarter of a step of an LSTM over 1,000 steps.
/// </remarks>
internal static unsafe class LargePages
{
    /// <summary>Below this a few large pages are not worth a call into the system.</summary>
    public const long LeastBytes = 4 << 20;

    private const int UseLargePages = 14; // MADV_HUGEPAGE
    private static bool canAdvise = OperatingSystem.IsLinux();

    /// <summary>Gives the advice for a new tensor, if it is large and in the CPU's memory.</summary>
    /// <returns>The tensor.</returns>
    public static Tensor Advise(Tensor tensor)
    {
        if (canAdvise && tensor.numel() * tensor.ElementSize is >= LeastBytes and var bytes && tensor.device_type == TorchSharp.DeviceType.CPU)
        {
            Advise((void*)TensorMemory.Address(tensor), bytes);
        }

        return tensor;
    }

    /// <summary>Gives the advice for the whole pages of a block; what the memory holds stays as it is.</summary>
    public static void Advise(void* start, long bytes)
    {
        if (bytes < LeastBytes || !canAdvise)
        {
            return;
        }

        var page = (nuint)Environment.SystemPageSize;
        var first = ((nuint)start + page - 1) & ~(page - 1);
        var end = ((nuint)start + (nuint)bytes) & ~(page - 1);
        try
        {
            _ = Advise(first, end - first, UseLargePages); // only advice: a system that does not follow it is as fast as before
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            canAdvise = false;
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nuint start, nuint bytes, int advice);
}
