using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.Json;

namespace RnnZoo.Cli.Report;

/// <summary>What the numbers of a run depend on besides its settings, as every JSON document has it.</summary>
internal static class RunHeader
{
    /// <summary>The version of this program.</summary>
    public static string Version => typeof(RunHeader).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Writes the fields.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="seed">Where all randomness comes from; null where nothing is drawn.</param>
    /// <param name="threads">How many threads computed; null where that is not one number.</param>
    /// <param name="dtype">What was computed in; null where that is not one type.</param>
    public static void Write(Utf8JsonWriter json, long? seed = null, int? threads = null, string? dtype = null)
    {
        if (seed is { } start)
        {
            json.WriteNumber("seed", start);
        }

        if (threads is { } count)
        {
            json.WriteNumber("threads", count);
        }

        if (dtype is not null)
        {
            json.WriteString("dtype", dtype);
        }

        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteString("version", Version);
    }
}

/// <summary>Prints the versions of everything that the numbers of a run depend on.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine($"rnnzoo {RunHeader.Version}");
        output.WriteLine($"TorchSharp {TorchBackend.TorchSharpVersion}");
        output.WriteLine($"libtorch {TorchBackend.LibtorchVersion}");
        return ExitCodes.Success;
    }
}
