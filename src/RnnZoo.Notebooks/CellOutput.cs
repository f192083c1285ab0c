using System.Text.Json.Nodes;

namespace RnnZoo.Notebooks;

/// <summary>One output of a cell.</summary>
/// <param name="Kind">stream (printed text), display_data, or execute_result (the cell's value).</param>
/// <param name="Data">The text by form; a stream has one, text/plain.</param>
public sealed record CellOutput(string Kind, IReadOnlyDictionary<string, string> Data)
{
    public const string Stream = "stream";
    public const string Display = "display_data";
    public const string Result = "execute_result";
    public const string Plain = "text/plain";

    /// <summary>A text that was printed.</summary>
    public static CellOutput Printed(string text) => new(Stream, new Dictionary<string, string> { [Plain] = text });

    internal static CellOutput Read(JsonObject json)
    {
        var kind = (string?)json["output_type"] ?? "";
        return kind == Stream
            ? Printed(NotebookCell.Text(json["text"]))
            : new CellOutput(kind, (json["data"] as JsonObject ?? []).ToDictionary(form => form.Key, form => NotebookCell.Text(form.Value)));
    }

    internal JsonObject Write(int executionCount)
    {
        if (Kind == Stream)
        {
            return new JsonObject { ["name"] = "stdout", ["output_type"] = Stream, ["text"] = NotebookCell.Lines(Data[Plain]) };
        }

        var data = new JsonObject();
        foreach (var (form, text) in Data)
        {
            data[form] = NotebookCell.Lines(text);
        }

        var json = new JsonObject { ["data"] = data };
        if (Kind == Result)
        {
            json["execution_count"] = executionCount;
        }

        json["metadata"] = new JsonObject();
        json["output_type"] = Kind;
        return json;
    }
}
