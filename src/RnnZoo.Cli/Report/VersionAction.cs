using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace RnnZoo.Cli.Report;

/// <summary>Prints the versions of everything that the numbers of a run depend on.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    /// <summary>The version of this program.</summary>
    public static string Version => typeof(VersionAction).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"rnnzoo {Version}");
        output.WriteLine($"TorchSharp {TorchBackend.TorchSharpVersion}");
        output.WriteLine($"libtorch {TorchBackend.LibtorchVersion}");
        return ExitCodes.Success;
    }
}
