using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace RnnZoo.Cli.Report;

/// <summary>One JSON document as text: the frame of every command's `--json`.</summary>
internal static class JsonText
{
    /// <param name="body">Writes the fields of the document.</param>
    /// <param name="indented">Whether each value stands on a line of its own; not for documents that are long rows of numbers.</param>
    public static string Write(Action<Utf8JsonWriter> body, bool indented = true)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, NewLine = "\n" }))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    /// <summary>An array with an object for each item.</summary>
    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> fields)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            fields(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A list or a dictionary as it is; null for none.</summary>
    public static void WriteValue<T>(this Utf8JsonWriter json, string name, T value)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, value);
    }

    /// <summary>A number, or null where there is none or it is not finite.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double? value) => json.WriteValue(name, value is { } number ? Finite(number) : null);

    /// <summary>An array of numbers, null in place of one that is not finite; null for no array.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<double>? numbers) => json.WriteValue(name, numbers?.Select(Finite));

    /// <summary>A number, or null where it is not finite, for JSON has no word for those.</summary>
    public static double? Finite(double number) => double.IsFinite(number) ? number : null;
}

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
