using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Which BLAS libtorch uses.</summary>
/// <remarks>
/// Debian's libopenblas0-pthread keeps threads of its own beside libtorch's OpenMP ones, and the two slow each other
/// down several times over. So the OpenMP build is loaded by its full path first, and the dynamic linker then takes
/// it for libtorch too, whatever the system's alternatives say.
/// </remarks>
internal static class Blas
{
    private const int Now = 2;
    private const int Global = 0x100;

    /// <summary>The files that are mapped, as libopenblas, libblas, liblapack or MKL; empty where that cannot be told.</summary>
    public static IReadOnlyList<string> MappedFiles { get; private set; } = [];

    /// <summary>openmp, pthread, mkl, reference, accelerate or unknown.</summary>
    public static string Kind { get; private set; } = "unknown";

    public static void Preload()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        foreach (var folder in Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Select(folder => Path.Combine(folder, "openblas-openmp")))
        {
            foreach (var name in new[] { "libopenblas.so.0", "libblas.so.3", "liblapack.so.3" })
            {
                var file = Path.Combine(folder, name);
                if (File.Exists(file))
                {
                    // A failure here (a foreign architecture's folder, say) costs speed only, and Report tells of it.
                    _ = dlopen(file, Now | Global);
                }
            }
        }
    }

    public static void Report()
    {
        if (!OperatingSystem.IsLinux())
        {
            Kind = OperatingSystem.IsMacOS() ? "accelerate" : "unknown";
            return;
        }
        MappedFiles = [.. File.ReadLines("/proc/self/maps")
            .Select(line => line.IndexOf('/', StringComparison.Ordinal) is var start and >= 0 ? line[start..] : "")
            .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("libopenblas", StringComparison.Ordinal)
                || name.StartsWith("libblas", StringComparison.Ordinal) || name.StartsWith("liblapack", StringComparison.Ordinal)
                || name.StartsWith("libmkl", StringComparison.Ordinal)))
            .Distinct()];
        Kind = Classify(MappedFiles);
        if (Kind == "pthread")
        {
            Console.Error.WriteLine("SystemTorch: warning: libtorch runs on the pthread build of OpenBLAS, which slows it down; apt-get install libopenblas0-openmp");
        }
    }

    internal static string Classify(IReadOnlyList<string> files)
    {
        bool Has(string part) => files.Any(file => file.Contains(part, StringComparison.Ordinal));
        return Has("openblas-pthread") ? "pthread"
            : Has("openblas-openmp") ? "openmp"
            : Has("libmkl") ? "mkl"
            : Has("libblas") ? "reference"
            : "unknown";
    }

    [DllImport("libc", CharSet = CharSet.Ansi)]
    private static extern nint dlopen([MarshalAs(UnmanagedType.LPUTF8Str)] string file, int flags);
}
