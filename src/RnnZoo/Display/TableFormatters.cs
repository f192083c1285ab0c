namespace RnnZoo.Display;

/// <summary>The formatters of what is shown as a table.</summary>
internal sealed class TableFormatters
{
    /// <summary>One formatter for each form.</summary>
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter(MimeTypes.Html, value => ((ITable)value).ToHtml())];
}
