namespace RnnZoo.Display;

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
