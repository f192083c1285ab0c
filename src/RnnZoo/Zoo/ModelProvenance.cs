using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace RnnZoo.Zoo;

/// <summary>Where and with what a model was trained: on another machine or libtorch the last digits differ.</summary>
/// <param name="Date">The day, as in 2026-01-31.</param>
/// <param name="RnnZoo">This library's version.</param>
/// <param name="TorchSharp">TorchSharp's version.</param>
/// <param name="Libtorch">libtorch's version.</param>
/// <param name="Machine">System, processor architecture and count, and the width of the kernels' vectors.</param>
/// <param name="Backward">The backward path that ran.</param>
public sealed record ModelProvenance(string Date, string RnnZoo, string TorchSharp, string Libtorch, string Machine, string Backward)
{
    /// <summary>This machine.</summary>
    /// <param name="day">The day.</param>
    /// <param name="backward">The backward path that ran.</param>
    public static ModelProvenance Here(DateTimeOffset day, string backward) => new(
        day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        typeof(ModelProvenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        TorchBackend.TorchSharpVersion,
        TorchBackend.LibtorchVersion,
        string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors, {Vectors} bit vectors"),
        backward);

    private static int Vectors => System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? 512 : System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? 256 : 128;
}
