using System.Reflection;
using TorchSharp;

namespace RnnZoo.Training;

/// <summary>Which assembly stands behind the namespace TorchSharp, for records of runs. Nothing else may depend on it.</summary>
public static class Binding
{
    /// <summary><c>TorchSharp</c> or <c>SystemTorch</c>.</summary>
    public static string Name => typeof(torch.Tensor).Assembly.GetName().Name!;

    /// <summary>The version of that assembly.</summary>
    public static string Version
    {
        get
        {
            var assembly = typeof(torch.Tensor).Assembly;
            var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
                ?? assembly.GetName().Version!.ToString();
            return version.Split('+')[0];
        }
    }

    /// <summary>The version of libtorch under it.</summary>
    public static string LibtorchVersion => torch.__version__;
}
