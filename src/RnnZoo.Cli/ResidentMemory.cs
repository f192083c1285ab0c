using System.Diagnostics;
using System.Globalization;

namespace RnnZoo.Cli;

/// <summary>What of this process is in physical memory.</summary>
internal static class ResidentMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";
    private const string ResetPeak = "5";

    /// <summary>Bytes now.</summary>
    public static long Now => OnLinux ? Read("VmRSS:") : OfProcess(process => process.WorkingSet64);

    /// <summary>The most bytes since <see cref="ForgetPeak"/>; on systems that cannot forget, since the start of the process.</summary>
    public static long Peak => OnLinux ? Read("VmHWM:") : OfProcess(process => process.PeakWorkingSet64);

    private static bool OnLinux => OperatingSystem.IsLinux();

    /// <summary>Starts the peak anew, where the system can.</summary>
    public static void ForgetPeak()
    {
        if (OnLinux)
        {
            File.WriteAllText(ClearReferences, ResetPeak);
        }
    }

    private static long Read(string key)
    {
        var line = File.ReadLines(Status).First(line => line.StartsWith(key, StringComparison.Ordinal));
        return 1024 * long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static long OfProcess(Func<Process, long> read)
    {
        using var process = Process.GetCurrentProcess();
        return read(process);
    }
}
