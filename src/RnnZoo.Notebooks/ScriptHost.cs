namespace RnnZoo.Notebooks;

/// <summary>What a notebook's code can call besides its references, and where its outputs are gathered.</summary>
public sealed class ScriptHost
{
    private readonly List<CellOutput> _outputs = [];
    private readonly StringWriter _printed = new() { NewLine = "\n" };

    /// <summary>Where the code prints.</summary>
    internal TextWriter Printed => _printed;

    /// <summary>Shows a value.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="NotebookException">It is null, or has no form that reads well.</exception>
    public void display(object? value) => Show(CellOutput.Display, value ?? throw new NotebookException("shows null, of which a reader learns nothing."));

    internal void Show(string kind, object value)
    {
        EndPrinted();
        _outputs.Add(new CellOutput(kind, ValueFormatter.Format(value)));
    }

    /// <summary>The outputs since the last call.</summary>
    internal IReadOnlyList<CellOutput> Take()
    {
        EndPrinted();
        CellOutput[] outputs = [.. _outputs];
        _outputs.Clear();
        return outputs;
    }

    private void EndPrinted()
    {
        var text = _printed.GetStringBuilder();
        if (text.Length > 0)
        {
            _outputs.Add(CellOutput.Printed(text.ToString()));
            text.Clear();
        }
    }
}
