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

    /// <summary>An array of numbers, null in place of one that is not finite; null for no array.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<double>? numbers) => json.WriteValue(name, numbers?.Select(Finite));

    /// <summary>A number, or null where it is not finite, for JSON has no word for those.</summary>
    public static double? Finite(double number) => double.IsFinite(number) ? number : null;
}
