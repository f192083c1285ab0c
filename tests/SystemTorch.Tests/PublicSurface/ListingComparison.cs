using System.Text.RegularExpressions;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>
/// Finds what a rendered surface has that the listing lacks. Three things are compared by sense, not letter by letter.
/// TYPE lines: modifiers, base class and constraints must be those of the listing; interfaces may be fewer, since a
/// subset need not do all that the whole does, but none may be added. <c>?</c> on a type parameter, and on a parameter
/// that defaults to null: TorchSharp is annotated in part, and there the mark says only whether a file is. A null is
/// welcome with it and without, so it is not compared.
/// </summary>
internal sealed partial class ListingComparison
{
    private readonly ILookup<string, SurfaceLine> _byOwner;
    private readonly HashSet<string> _lines;

    public ListingComparison(IEnumerable<SurfaceLine> listing)
    {
        _byOwner = listing.ToLookup(line => line.Owner);
        _lines = [.. _byOwner.SelectMany(owner => owner).Select(Plain)];
    }

    /// <summary>One text for each line that the listing lacks: the line, and what of the same type comes nearest.</summary>
    public IEnumerable<string> Foreign(IEnumerable<SurfaceLine> rendered) =>
        rendered.Where(line => !IsListed(line)).Select(line => $"{line}\n    nearest: {Nearest(line)}");

    /// <summary>
    /// Abstract members that the listing has and the rendered types lack: code that derives from such a type would
    /// compile against the subset and not against the whole.
    /// </summary>
    public IEnumerable<string> MissingAbstract(IReadOnlyCollection<SurfaceLine> rendered)
    {
        HashSet<string> plain = [.. rendered.Select(Plain)];
        return rendered.Select(line => line.Owner).Distinct().SelectMany(owner => _byOwner[owner])
            .Where(line => line.Kind is "METHOD" or "PROP" && Abstract().IsMatch(line.Text) && !plain.Contains(Plain(line)))
            .Select(line => line.ToString());
    }

    private bool IsListed(SurfaceLine line)
    {
        if (line.Kind != "TYPE")
        {
            return _lines.Contains(Plain(line));
        }

        if (_byOwner[line.Owner].FirstOrDefault(other => other.Kind == "TYPE") is not { } listed)
        {
            return false;
        }

        var (head, bases, constraints) = LineParts.Type(line.Text);
        var (listedHead, listedBases, listedConstraints) = LineParts.Type(listed.Text);
        return head == listedHead && constraints == listedConstraints && bases.IsSubsetOf(listedBases)
            && listedBases.Except(bases).All(LineParts.IsInterface);
    }

    private string Nearest(SurfaceLine line)
    {
        var candidates = _byOwner[line.Owner].ToList();
        if (candidates.Count == 0)
        {
            return $"nothing, the listing has no type {line.Owner}";
        }

        string name = LineParts.MemberName(line);
        return candidates
            .OrderByDescending(other => other.Kind == line.Kind && LineParts.MemberName(other) == name)
            .ThenByDescending(other => other.Kind == line.Kind)
            .ThenBy(other => EditDistance(line.Text, other.Text))
            .First().ToString();
    }

    private static string Plain(SurfaceLine line)
    {
        string name = line.Kind == "METHOD" ? LineParts.MemberName(line) : "";
        HashSet<string> parameters = [.. LineParts.TypeParameters(line.Owner), .. LineParts.TypeParameters(name)];
        string text = MarkedNull().Replace(line.ToString(), "$1");
        return parameters.Count == 0
            ? text
            : Marked().Replace(text, m => parameters.Contains(m.Groups[1].Value) ? m.Groups[1].Value : m.Value);
    }

    private static int EditDistance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }

    [GeneratedRegex(@"\b(\w+)\?")]
    private static partial Regex Marked();

    [GeneratedRegex(@"\?((?:/\*[^*]*\*/)? \w+ = null\b)")]
    private static partial Regex MarkedNull();

    [GeneratedRegex("^(public|protected|protected internal) abstract ")]
    private static partial Regex Abstract();
}
