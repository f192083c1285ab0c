using System.Globalization;
using System.Runtime.InteropServices;

namespace RnnZoo.Fuzz;

/// <summary>What a small file may take.</summary>
internal static partial class Memory
{
    private const ulong Most = 500 << 20;
    private const int AddressSpace = 9; // RLIMIT_AS on Linux

    /// <summary>Before libtorch is loaded: the stacks of its threads, of which a recipe may ask for hundreds, count too.</summary>
    public static void MakeStacksSmall()
    {
        if (OperatingSystem.IsLinux() && SetVariable("OMP_STACKSIZE", "256K", overwrite: 1) != 0)
        {
            throw new InvalidOperationException($"setenv: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>From here on the process gets no more than 500 MB of addresses on top of those it has: who asks for more fails, whether the memory is used or not.</summary>
    public static void Limit()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        var limit = Most + (1024 * ulong.Parse(line["VmSize:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
        if (SetLimit(AddressSpace, [limit, ulong.MaxValue]) != 0)
        {
            throw new InvalidOperationException($"setrlimit: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong[] softAndHard);
}
