using System.Text;
using System.Text.Json;

namespace RnnZoo.Cli.CommandLine;

/// <summary>One JSON document as text: the frame of every command's `--json`.</summary>
internal static class JsonText
{
    /// <param name="body">Writes the fields of the document.</param>
    public static string Write(Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }
}
