namespace RnnZoo.Display;

/// <summary>Shows as a picture when it is the value of a notebook's cell.</summary>
internal interface IPicture
{
    /// <summary>The picture as an SVG document.</summary>
    string ToSvg();

    /// <summary>The picture as HTML.</summary>
    string ToHtml();
}
