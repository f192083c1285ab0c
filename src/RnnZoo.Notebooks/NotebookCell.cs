using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnZoo.Notebooks;

/// <summary>A cell of a notebook: a view of its JSON.</summary>
public sealed class NotebookCell
{
    private readonly JsonObject _json;

    internal NotebookCell(JsonObject json, int number)
    {
        (_json, Number) = (json, number);
        Source = Text(json["source"]);
        Tags = [.. (json["metadata"]?["tags"] as JsonArray ?? []).Select(tag => (string?)tag ?? throw new InvalidOperationException($"cell {number}: metadata.tags: expected texts, got null."))];
        Tolerance = (double?)json["metadata"]?["tolerance"] ?? OutputComparer.DefaultTolerance;
        if (Tolerance is not (>= 0 and < 1)) // with 1 and more, any two numbers would be the same
        {
            throw new NotebookException(FormattableString.Invariant($"cell {number}: metadata.tolerance: expected a number from 0 to below 1, got {Tolerance}."));
        }
    }

    /// <summary>Its place in the notebook, from 1.</summary>
    public int Number { get; }

    /// <summary>Whether it holds code.</summary>
    public bool IsCode => (string?)_json["cell_type"] == "code";

    /// <summary>Its text.</summary>
    public string Source { get; }

    public IReadOnlyList<string> Tags { get; }

    /// <summary>By how much a number of its output may differ, relative to its size.</summary>
    public double Tolerance { get; }

    /// <summary>Whether its outputs depend on the machine or the moment, so that they are not compared.</summary>
    public bool IsExempt => Tags.Contains("timing") || Tags.Contains("environment");

    /// <summary>What was saved the last time it ran.</summary>
    public IReadOnlyList<CellOutput> Outputs => [.. (_json["outputs"] as JsonArray ?? []).Select(output => CellOutput.Read((JsonObject)output!))];

    /// <summary>Saves what it showed.</summary>
    internal void Update(IReadOnlyList<CellOutput> outputs, int executionCount)
    {
        _json["execution_count"] = executionCount;
        _json["outputs"] = new JsonArray([.. outputs.Select(output => (JsonNode)output.Write(executionCount))]);
    }

    /// <summary>A text of a notebook: one string, or a list of lines.</summary>
    internal static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonArray lines => string.Concat(lines.Select(line => (string)line!)),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => (string)value!,
        _ => throw new NotebookException($"expected a text or a list of lines, got {node.GetValueKind()}."),
    };

    /// <summary>A text as a list of lines, each with its end, as notebooks are saved.</summary>
    internal static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start) is var found and >= 0 ? found + 1 : text.Length;
            lines.Add((JsonNode)text[start..end]);
            start = end;
        }

        return lines;
    }
}
