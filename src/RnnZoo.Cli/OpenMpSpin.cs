using System.Runtime.InteropServices;

namespace RnnZoo.Cli;

/// <summary>How long libtorch's OpenMP threads spin after their last work, on the cores that the kernels' threads need.</summary>
/// <remarks>
/// GNU OpenMP reads the variable once, when libtorch is loaded. .NET's own
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes a copy that native libraries do not see.
/// </remarks>
internal static class OpenMpSpin
{
    private const string Variable = "GOMP_SPINCOUNT";
    private const string AboutAFifthOfAMillisecond = "10000";

    /// <summary>Shortens the spinning unless the environment already says how long it is. Only GNU OpenMP on Linux reads it.</summary>
    public static void Shorten()
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable(Variable) is null)
        {
            _ = SetNative(Variable, AboutAFifthOfAMillisecond, overwrite: 0); // a failure costs speed only
            Environment.SetEnvironmentVariable(Variable, AboutAFifthOfAMillisecond); // for processes that this one starts
        }
    }

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetNative([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
