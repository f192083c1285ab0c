namespace RnnZoo.Display;

/// <summary>Writes a value in one form. Notebooks call its two members by their names.</summary>
/// <param name="mimeType">The form.</param>
/// <param name="text">The value in that form.</param>
internal sealed class NotebookFormatter(string mimeType, Func<object, string> text)
{
    /// <summary>The form that it writes.</summary>
    public string MimeType { get; } = mimeType;

    /// <summary>Writes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="writer">Where to write.</param>
    /// <returns>Whether it was written.</returns>
    public bool Format(object value, TextWriter writer)
    {
        writer.Write(text(value));
        return true;
    }
}
