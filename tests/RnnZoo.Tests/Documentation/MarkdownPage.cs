using System.Text.RegularExpressions;

namespace RnnZoo.Tests.Documentation;

/// <summary>A page of the documentation, as it stands in the checkout.</summary>
internal sealed class MarkdownPage
{
    private readonly string _text;

    public MarkdownPage(string path) => _text = File.ReadAllText(Path.Combine(Repository.Root, path));

    /// <summary>Its code blocks in a language, in order.</summary>
    public string[] Code(string language = "csharp")
        => [.. Regex.Matches(_text, $"^```{language}\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline).Select(block => block.Groups[1].Value)];

    /// <summary>Its C# programs, each with what a block of text right under it says that it prints; null if there is none.</summary>
    public (string Code, string? Printed)[] Programs()
        => [.. Regex.Matches(_text, "^```csharp\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", RegexOptions.Singleline | RegexOptions.Multiline)
            .Select(block => (block.Groups[1].Value, block.Groups[2].Success ? block.Groups[2].Value : null))];

    /// <summary>Where its links to other files of the checkout lead, without the part after #.</summary>
    public string[] LocalLinks()
        => [.. Regex.Matches(_text, @"\]\((?!https?:|#)([^)#\s]+)").Select(link => link.Groups[1].Value)];
}
