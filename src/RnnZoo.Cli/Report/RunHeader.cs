using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.Json;

namespace RnnZoo.Cli.Report;

/// <summary>What the numbers of a run depend on besides its settings, as every JSON document has it.</summary>
/// <param name="Seed">Where all randomness comes from; null where nothing is drawn.</param>
/// <param name="Threads">How many threads computed; null where that is not one number.</param>
/// <param name="DType">What was computed in; null where that is not one type.</param>
internal sealed record RunHeader(long? Seed = null, int? Threads = null, string? DType = null)
{
    private static readonly string[] Usual = ["seed", "threads", "dtype", "torchSharp", "libtorch", "version"];

    /// <summary>The version of this program.</summary>
    public static string Version => typeof(RunHeader).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Writes fields, in the order that the document has; by default all that there are.</summary>
    public void Write(Utf8JsonWriter json, params string[] fields)
    {
        foreach (var field in fields.Length > 0 ? fields : Usual)
        {
            switch (field)
            {
                case "seed" when Seed is { } seed:
                    json.WriteNumber(field, seed);
                    break;
                case "threads" when Threads is { } threads:
                    json.WriteNumber(field, threads);
                    break;
                case "dtype" when DType is not null:
                    json.WriteString(field, DType);
                    break;
                case "torchSharp":
                    json.WriteString(field, TorchBackend.TorchSharpVersion);
                    break;
                case "libtorch":
                    json.WriteString(field, TorchBackend.LibtorchVersion);
                    break;
                case "version":
                    json.WriteString(field, Version);
                    break;
            }
        }
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
