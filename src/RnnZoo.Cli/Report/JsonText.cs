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
}
