using System.Runtime.InteropServices;

namespace RnnZoo.Cli;

/// <summary>What the C libraries below libtorch do with cores and memory, set for training. Each setting only where the environment has none.</summary>
internal static class NativeRuntime
{
    private const string SpinVariable = "GOMP_SPINCOUNT";
    private const string AboutAFifthOfAMillisecond = "10000";
    private const int TrimThreshold = -1, MapThreshold = -3; // mallopt's names of them

    /// <summary>Before anything loads libtorch.</summary>
    public static void Tune()
    {
        if (OperatingSystem.IsLinux())
        {
            ShortenSpinning();
            KeepMemory();
        }
    }

    /// <summary>How long GNU OpenMP's threads spin after their last work, on the cores that the kernels' threads need.</summary>
    /// <remarks>
    /// GNU OpenMP reads the variable once, when libtorch is loaded. .NET's own
    /// <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes a copy that native libraries do not see.
    /// </remarks>
    private static void ShortenSpinning()
    {
        if (Environment.GetEnvironmentVariable(SpinVariable) is null)
        {
            _ = SetNative(SpinVariable, AboutAFifthOfAMillisecond, overwrite: 0); // a failure costs speed only
            Environment.SetEnvironmentVariable(SpinVariable, AboutAFifthOfAMillisecond); // for processes that this one starts
        }
    }

    /// <summary>
    /// The GNU C library gives the memory of a freed tensor back, so that the next step takes it again page by page, each by an
    /// interrupt: it keeps half a gigabyte of it, and maps only tensors of 32 MB and more by themselves. Other C libraries have no mallopt.
    /// </summary>
    private static void KeepMemory()
    {
        if (!IsSet("MALLOC_TRIM_THRESHOLD_") && !IsSet("MALLOC_MMAP_THRESHOLD_") && !IsSet("GLIBC_TUNABLES")
            && NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "mallopt", out _))
        {
            _ = SetMalloc(TrimThreshold, 512 << 20);
            _ = SetMalloc(MapThreshold, 32 << 20);
        }

        static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is not null;
    }

    [DllImport("libc.so.6", EntryPoint = "mallopt")]
    private static extern int SetMalloc(int name, int value);

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetNative([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
