namespace SystemTorch.Tests.PublicSurface;

/// <summary>Takes lines of the listing apart.</summary>
internal static class LineParts
{
    /// <summary>The member's name with its own type parameters: <c>Detach&lt;T1, T2&gt;</c>, <c>this</c>, <c>Count</c>.</summary>
    public static string MemberName(SurfaceLine line)
    {
        string text = line.Text;
        int end = line.Kind switch
        {
            "METHOD" or "CTOR" => ListStart(text),
            "PROP" => text.IndexOf(" this[", StringComparison.Ordinal) is >= 0 and var index ? index + 5 : text.IndexOf(" {", StringComparison.Ordinal),
            "FIELD" or "ENUM" => text.IndexOf(" = ", StringComparison.Ordinal) is >= 0 and var value ? value : text.Length,
            _ => text.Length,
        };
        int depth = 0;
        int start = end;
        while (start > 0 && (depth > 0 || text[start - 1] != ' '))
        {
            start--;
            depth += text[start] == '>' ? 1 : text[start] == '<' ? -1 : 0;
        }

        return text[start..end];
    }

    /// <summary>The words in the angle brackets of a name: of <c>Storage&lt;T&gt;</c>, T.</summary>
    public static IEnumerable<string> TypeParameters(string name)
    {
        int open = name.IndexOf('<');
        return open < 0 ? [] : name[(open + 1)..name.IndexOf('>')].Split(", ");
    }

    /// <summary>A TYPE line's modifiers and name, its bases, and its constraints.</summary>
    public static (string Head, HashSet<string> Bases, string Constraints) Type(string text)
    {
        int where = text.IndexOf(" where ", StringComparison.Ordinal);
        string constraints = where < 0 ? "" : text[where..];
        string[] parts = text[..^constraints.Length].Split(" : ", 2);
        return (parts[0], parts.Length == 1 ? [] : [.. SplitTopLevel(parts[1])], constraints);
    }

    /// <summary>By .NET's convention: the last word begins with I and another capital.</summary>
    public static bool IsInterface(string name)
    {
        string word = name.Split('<')[0].Split('.')[^1];
        return word.Length > 1 && word[0] == 'I' && char.IsUpper(word[1]);
    }

    // A parameter list follows its name at once; a tuple, as a result, follows a space or stands inside angle brackets.
    private static int ListStart(string text)
    {
        int depth = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == '(' && depth == 0 && text[at - 1] != ' ')
            {
                return at;
            }

            depth += Step(text[at]);
        }

        throw new FormatException($"expected a parameter list in '{text}'.");
    }

    private static int Step(char bracket) => bracket is '(' or '<' ? 1 : bracket is ')' or '>' ? -1 : 0;

    private static IEnumerable<string> SplitTopLevel(string list)
    {
        int depth = 0;
        int start = 0;
        for (int i = 0; i < list.Length; i++)
        {
            depth += Step(list[i]);
            if (list[i] == ',' && depth == 0)
            {
                yield return list[start..i];
                start = i + 2;
            }
        }

        yield return list[start..];
    }
}
