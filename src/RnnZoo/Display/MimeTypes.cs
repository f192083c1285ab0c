namespace RnnZoo.Display;

/// <summary>What values are shown as.</summary>
internal static class MimeTypes
{
    public const string Html = "text/html";

    public const string Svg = "image/svg+xml";
}
