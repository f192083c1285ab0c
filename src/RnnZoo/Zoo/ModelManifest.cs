using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>
/// What <c>model.json</c> says of a model: how it is trained, and, once it was, what came of it. The recipe is written by
/// hand, the rest by <c>rnnzoo zoo train</c>.
/// </summary>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record ModelManifest : Display.ITable
{
    /// <summary>The version of this file's layout.</summary>
    public required int Format { get; init; }

    /// <summary>The model's name, which is its folder's: lower-case letters, digits, dots and hyphens, as in <c>copy-lstm-h128.t100</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What a user should know beside the numbers, as what it fails at and what was tried; in Markdown, empty for nothing.</summary>
    public string Notes { get; init; } = "";

    /// <summary>The licence of the weights, by its SPDX name.</summary>
    public required string Licence { get; init; }

    /// <summary>How it is trained: everything that the numbers depend on.</summary>
    public required ModelRecipe Recipe { get; init; }

    /// <summary>What came of it; null before it was trained.</summary>
    public ModelResult? Result { get; init; }

    /// <summary>Reads a <c>model.json</c>; a field that is unknown, missing, doubled or out of its range is an error that names it.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is no manifest; the message names file and field.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelManifest Read(string file) => ManifestJson.Read(file);

    /// <summary>The manifest as the text of a <c>model.json</c>.</summary>
    public string ToJson() => ManifestJson.Write(this);

    /// <summary>The model for a notebook: what it reaches, with which seeds.</summary>
    /// <returns>Tables as HTML.</returns>
    public string ToHtml() => ManifestTable.Of(this);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    public void Validate()
    {
        Require.That(Format == 1, "format", "1", Format);
        Require.That(IsName(Name), "name", "lower-case letters, digits, dots and hyphens, beginning with a letter", Name);
        Require.That(Summary.Length > 0 && !Summary.Contains('\n'), "summary", "one line", Summary);
        Require.That(Licence.Length > 0, "licence", "a licence", Licence);
        Recipe.Validate();
        Result?.Validate(Recipe);
    }

    private static bool IsName(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0]) && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-');
}
