using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a measurement as one JSON document, for files and for `--json`; −∞ is null.</summary>
internal static class LyapunovJson
{
    public static string Write(LyapunovSettings settings, LyapunovNet net, IReadOnlyList<LyapunovResult> results) => JsonText.Write(json =>
    {
        json.WriteString("model", net.Cell);
        json.WriteBoolean("trained", settings.Weights is not null);
        json.WriteString("weights", settings.Weights);
        json.WriteString("init", settings.Weights is null ? settings.Init : null);
        json.WriteFinite("gain", settings.Weights is null ? settings.Gain : null);
        json.WriteNumber("hidden", net.Module.HiddenSize);
        json.WriteNumber("layers", net.Module.NumLayers);
        json.WriteNumber("inputSize", net.Module.InputSize);
        json.WriteFinite("input", settings.Input);
        json.WriteNumber("steps", settings.Steps);
        json.WriteNumber("warmUp", settings.WarmUp);
        json.WriteNumber("seed", settings.Seed);
        json.WriteString("dtype", "float64");
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteString("version", VersionAction.Version);
        json.WriteStartArray("results");
        foreach (var result in results)
        {
            WriteResult(json, result);
        }

        json.WriteEndArray();
    });

    private static void WriteResult(Utf8JsonWriter json, LyapunovResult result)
    {
        var measured = result.Measured;
        json.WriteStartObject();
        json.WriteNumber("layer", result.Layer);
        json.WriteNumber("direction", result.Direction);
        json.WriteNumber("stateSize", measured.StateSize);
        WriteNumbers(json, "exponents", measured.Exponents);
        json.WriteFinite("sum", measured.Sum);
        json.WriteFinite("kaplanYorkeDimension", measured.KaplanYorkeDimension);
        json.WriteFinite("rateBound", result.Law?.RateBound);
        json.WriteFinite("spectralNorm", result.Law?.SpectralNorm);
        json.WriteFinite("spectralRadius", result.Law?.SpectralRadius);
        json.WriteStartArray("history");
        foreach (var point in measured.History)
        {
            json.WriteStartObject();
            json.WriteNumber("steps", point.Steps);
            WriteNumbers(json, "exponents", point.Exponents);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            if (double.IsFinite(value))
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
    }
}
