namespace RnnZoo.Display;

/// <summary>Shows as a picture when it is the value of a notebook's cell.</summary>
internal interface IPicture
{
    /// <summary>The picture as an SVG document.</summary>
    string ToSvg();

    /// <summary>The picture as HTML.</summary>
    string ToHtml();
}

/// <summary>Shows as a table when it is the value of a notebook's cell.</summary>
internal interface ITable
{
    /// <summary>The table as HTML.</summary>
    string ToHtml();
}

/// <summary>
/// Tells a notebook which formatters a type's values are shown with. .NET Interactive finds it by its name and by the names
/// of its properties, so that no reference to a notebook's assemblies is needed; it may be internal.
/// </summary>
/// <param name="formatterSourceType">Has a constructor without parameters and a method <c>CreateTypeFormatters</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>Makes the formatters.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>What a value is shown as, unless asked for otherwise.</summary>
    public string[] PreferredMimeTypes { get; init; } = [MimeTypes.Html];
}

/// <summary>The formatters of what is shown as a picture: as SVG, which notebooks and those who show saved ones both draw.</summary>
internal sealed class PictureFormatters
{
    /// <summary>One formatter for each form.</summary>
    public IEnumerable<object> CreateTypeFormatters() =>
    [
        new NotebookFormatter(MimeTypes.Svg, value => ((IPicture)value).ToSvg()),
        new NotebookFormatter(MimeTypes.Html, value => ((IPicture)value).ToHtml()),
    ];
}

/// <summary>The formatters of what is shown as a table.</summary>
internal sealed class TableFormatters
{
    /// <summary>One formatter for each form.</summary>
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter(MimeTypes.Html, value => ((ITable)value).ToHtml())];
}

/// <summary>Writes a value in one form. Notebooks call its two members by their names.</summary>
internal sealed class NotebookFormatter(string mimeType, Func<object, string> text)
{
    /// <summary>The form that it writes.</summary>
    public string MimeType { get; } = mimeType;

    /// <summary>Writes a value.</summary>
    public bool Format(object value, TextWriter writer)
    {
        writer.Write(text(value));
        return true;
    }
}

/// <summary>What values are shown as.</summary>
internal static class MimeTypes
{
    public const string Html = "text/html";

    public const string Svg = "image/svg+xml";
}
