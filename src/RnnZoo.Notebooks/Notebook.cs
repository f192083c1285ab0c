using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnZoo.Notebooks;

/// <summary>A notebook in Jupyter's format 4, kept as its JSON so that what is not ours stays as it was.</summary>
public sealed class Notebook
{
    /// <summary>At most this share of the code cells may be exempt from comparison.</summary>
    public const double LargestExemptShare = 0.25;

    private readonly JsonObject _json;

    private Notebook(string path, JsonObject json)
    {
        (Path, _json) = (path, json);
        Cells = [.. (json["cells"] as JsonArray ?? []).Select((cell, index) => new NotebookCell(cell?.AsObject() ?? throw new InvalidOperationException($"cell {index + 1} is null."), index + 1))];
    }

    public string Path { get; }

    public IReadOnlyList<NotebookCell> Cells { get; }

    public IEnumerable<NotebookCell> CodeCells => Cells.Where(cell => cell.IsCode);

    /// <exception cref="NotebookException">The file is no notebook.</exception>
    public static Notebook Load(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) is JsonObject json && (int?)json["nbformat"] == 4
                ? new Notebook(System.IO.Path.GetFullPath(path), json)
                : throw new NotebookException($"{path}: expected a notebook in format 4.");
        }
        catch (NotebookException wrong) when (!wrong.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new NotebookException($"{path}: {wrong.Message}", wrong);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or InvalidCastException)
        {
            throw new NotebookException($"{path}: expected a notebook in format 4: {wrong.Message}", wrong);
        }
    }

    /// <summary>Whether it is a C# notebook with code, most of which is compared.</summary>
    /// <exception cref="NotebookException">It is not.</exception>
    public void CheckRules()
    {
        var kernel = (string?)_json["metadata"]?["kernelspec"]?["name"];
        if (kernel != ".net-csharp")
        {
            throw new NotebookException($"{Path}: expected the kernel .net-csharp, got '{kernel}'.");
        }

        var (all, exempt) = (CodeCells.Count(), CodeCells.Count(cell => cell.IsExempt));
        if (all == 0 || exempt > all * LargestExemptShare)
        {
            throw new NotebookException($"{Path}: expected at most a quarter of the code cells tagged timing or environment, got {exempt} of {all}.");
        }
    }

    /// <summary>
    /// Takes over new outputs, but keeps saved ones that differ by less than the cell's tolerance, so that a run on another
    /// machine changes nothing that has not changed.
    /// </summary>
    public void Update(IReadOnlyList<CellResult> results)
    {
        var count = 0;
        foreach (var result in results)
        {
            result.Cell.Update(result.Changes.Count == 0 && !result.Cell.IsExempt ? result.Cell.Outputs : result.Outputs, ++count);
        }
    }

    /// <summary>Writes it as Jupyter does: indented by one, text as lists of lines.</summary>
    public void Save(string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, IndentSize = 1, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            _json.WriteTo(json);
        }

        buffer.WriteByte((byte)'\n');
        var partial = $"{path}.{Environment.ProcessId}.new";
        try
        {
            File.WriteAllBytes(partial, buffer.ToArray());
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
