using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Finds and loads the shim, and with it libtorch; says clearly what is wrong where that fails.</summary>
internal static unsafe class NativeLoader
{
    private const int AbiVersion = 1;
    private const string Needs = "apt-get install libtorch-dev libopenblas0-openmp g++ cmake";
    private static readonly Lazy<nint> Library = new(Load);

    public static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "systemtorch_native" ? Library.Value : 0;

    private static string FileName => OperatingSystem.IsMacOS() ? "libsystemtorch_native.dylib" : "libsystemtorch_native.so";

    private static nint Load()
    {
        var file = Candidates().FirstOrDefault(File.Exists) ?? throw new DllNotFoundException(
            $"SystemTorch: {FileName} was not found (looked at {string.Join(", ", Candidates())}). "
            + $"Build src/SystemTorch again; it needs libtorch, g++ and cmake ({Needs}).");
        Blas.Preload();
        nint library;
        try
        {
            library = NativeLibrary.Load(file);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw Explain(file, error);
        }
        CheckVersions(library, file);
        Blas.Report();
        return library;
    }

    // Beside the program or this assembly; in a program made from the package, below its folder runtimes/; in a script
    // that refers to the package itself, below the package's.
    private static IEnumerable<string> Candidates()
    {
        var location = Assembly.GetExecutingAssembly().Location;
        var beside = location.Length > 0 ? Path.GetDirectoryName(location)! : AppContext.BaseDirectory;
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var inPackage = Path.Combine("runtimes", $"{(OperatingSystem.IsMacOS() ? "osx" : "linux")}-{architecture}", "native");
        string[] folders = [AppContext.BaseDirectory, beside, Path.Combine(beside, inPackage), Path.Combine(beside, "..", "..", inPackage)];
        return folders.Select(folder => Path.GetFullPath(Path.Combine(folder, FileName))).Distinct();
    }

    internal static Exception Explain(string file, Exception error)
    {
        var text = error.Message;
        if (text.Contains("ELF", StringComparison.Ordinal) || text.Contains("xec format", StringComparison.Ordinal)
            || text.Contains("architecture", StringComparison.Ordinal))
        {
            return new BadImageFormatException(
                $"SystemTorch: wrong platform: {file} was built for another system or processor than this one "
                + $"({RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}). Build src/SystemTorch on this machine. ({text})", error);
        }
        if (text.Contains("undefined symbol", StringComparison.Ordinal) || text.Contains("version `", StringComparison.Ordinal)
            || InstalledTorch() is not null)
        {
            return new DllNotFoundException(
                $"SystemTorch: wrong version: {file} was compiled against another libtorch than the installed one "
                + $"({InstalledTorch() ?? "unknown"}). Build src/SystemTorch again. ({text})", error);
        }
        return new DllNotFoundException($"SystemTorch: libtorch was not found. {Needs} ({text})", error);
    }

    private static string? InstalledTorch() =>
        Directory.Exists("/usr/lib")
            ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Append("/usr/lib").Append("/usr/local/lib")
                .Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFiles(folder, "libtorch_cpu.so.*")).Order(StringComparer.Ordinal).LastOrDefault()
            : null;

    private static void CheckVersions(nint library, string file)
    {
        var abi = ((delegate* unmanaged<int>)NativeLibrary.GetExport(library, "st_abi_version"))();
        if (abi != AbiVersion)
        {
            throw new DllNotFoundException(
                $"SystemTorch: wrong version: {file} speaks version {abi} of the shim's contract, expected {AbiVersion}. Build src/SystemTorch again.");
        }
        var compiled = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "st_compiled_version"))()) ?? "";
        var running = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "st_running_version"))()) ?? "";
        if (running.Length > 0 && MajorMinor(compiled) != MajorMinor(running))
        {
            throw new DllNotFoundException(
                $"SystemTorch: wrong version: {file} was compiled against libtorch {compiled}, but {running} is loaded. Build src/SystemTorch again.");
        }
    }

    private static string MajorMinor(string version) => string.Join('.', version.Split('.').Take(2));
}
