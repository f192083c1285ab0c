using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive.Documents;

namespace RnnZoo.Notebooks;

/// <summary>
/// Whether outputs say the same: the same forms with the same words, and numbers within a tolerance. Pictures are compared by
/// their title and the description in words and numbers that each carries, not by their shapes.
/// </summary>
public static partial class OutputComparer
{
    /// <summary>By how much a number may differ, relative to the larger one.</summary>
    public const double DefaultTolerance = 0.01;

    /// <summary>How many significant digits a number with a decimal point may show.</summary>
    public const int MostDigits = 3;

    /// <summary>What has changed.</summary>
    /// <param name="where">The notebook and cell, for the messages.</param>
    /// <param name="before">What was saved.</param>
    /// <param name="after">What came out now.</param>
    /// <param name="tolerance">By how much a number may differ, relative to the larger one.</param>
    /// <exception cref="NotebookException">A number has too many digits.</exception>
    public static IReadOnlyList<string> Changes(string where, IReadOnlyList<InteractiveDocumentOutputElement> before, IReadOnlyList<InteractiveDocumentOutputElement> after, double tolerance)
    {
        var (saved, now) = (before.SelectMany(Forms).ToArray(), after.SelectMany(Forms).ToArray());
        if (now.Select(form => TooPrecise(form.Text)).OfType<string>().FirstOrDefault() is { } number)
        {
            throw new NotebookException($"{where} shows {number}: expected at most {MostDigits} significant digits, for more differ from machine to machine.");
        }

        var (expected, got) = (string.Join(", ", saved.Select(form => form.Name)), string.Join(", ", now.Select(form => form.Name)));
        return expected == got
            ? [.. saved.Zip(now, (old, form) => Change(Said(old.Text), Said(form.Text), tolerance)).OfType<string>().Select(change => $"{where}: {change}")]
            : [$"{where}: expected, as saved, {(expected.Length > 0 ? expected : "no output")}, got {(got.Length > 0 ? got : "none")}."];
    }

    /// <summary>An output's texts, one for each form that it is shown in.</summary>
    private static IEnumerable<(string Name, string Text)> Forms(InteractiveDocumentOutputElement output) => output switch
    {
        TextElement printed => [(printed.Name, printed.Text)],
        ReturnValueElement value => value.Data.OrderBy(form => form.Key, StringComparer.Ordinal).Select(form => ($"a value as {form.Key}", Text(form.Value))),
        DisplayElement value => value.Data.OrderBy(form => form.Key, StringComparer.Ordinal).Select(form => ($"a display as {form.Key}", Text(form.Value))),
        _ => [(output.GetType().Name, "")],
    };

    /// <summary>A text of a notebook: one string, or a list of lines.</summary>
    private static string Text(object? saved) => saved is IEnumerable<object> lines ? string.Concat(lines) : saved as string ?? "";

    /// <summary>The first number with too many digits; null if there is none.</summary>
    private static string? TooPrecise(string text) => Number().Matches(Said(text)).Select(number => number.Value).FirstOrDefault(number =>
        number.Contains('.', StringComparison.Ordinal) && number.Split('e', 'E')[0].Replace(".", "", StringComparison.Ordinal).TrimStart('-', '0').Length > MostDigits);

    /// <summary>The first difference; null if there is none.</summary>
    private static string? Change(string before, string after, double tolerance)
    {
        var (savedNumbers, numbers) = (Number().Matches(before), Number().Matches(after));
        if (savedNumbers.Count != numbers.Count || Words(before) != Words(after))
        {
            return $"the text has changed: expected, as saved, '{Short(before)}', got '{Short(after)}'.";
        }

        foreach (var (saved, now) in savedNumbers.Zip(numbers))
        {
            var (a, b) = (double.Parse(saved.Value, CultureInfo.InvariantCulture), double.Parse(now.Value, CultureInfo.InvariantCulture));
            if (Math.Abs(a - b) > tolerance * Math.Max(Math.Abs(a), Math.Abs(b))) // however small: a gradient that vanishes is a result
            {
                return $"expected {saved.Value}, as saved, within {tolerance:P0}, got {now.Value} in '{Short(after[Math.Max(0, now.Index - 60)..])}'.";
            }
        }

        return null;
    }

    /// <summary>What an output says: of a picture its titles and description, of anything else its text.</summary>
    private static string Said(string text)
    {
        var withoutPictures = Picture().Replace(text, picture => string.Join('\n', Titles().Matches(picture.Value).Select(part => part.Groups[2].Value)));
        return withoutPictures.ReplaceLineEndings("\n").TrimEnd();
    }

    /// <summary>A text without its numbers, and without the spaces that put them into columns: 0.98 needs one more than 0.979.</summary>
    private static string Words(string text) => Spaces().Replace(Number().Replace(text, "#"), " ");

    private static string Short(string text) => text.Length <= 160 ? text.ReplaceLineEndings(" ") : text[..157].ReplaceLineEndings(" ") + "...";

    // A minus sign may be ASCII or typographic; the latter counts as text.
    [GeneratedRegex(@"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")]
    private static partial Regex Number();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Picture();

    [GeneratedRegex("<(title|desc)[^>]*>(.*?)</\\1>", RegexOptions.Singleline)]
    private static partial Regex Titles();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();
}
