using System.Text.Json;

namespace RnnZoo.Files;

/// <summary>Numbers in JSON as all of our files have them.</summary>
internal static class JsonWriterExtensions
{
    /// <summary>Writes a number, or null where there is none or it is not finite, for JSON has no word for those.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
