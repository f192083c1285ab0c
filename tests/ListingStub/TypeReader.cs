namespace ListingStub;

/// <summary>Reads types, names and punctuation, left to right.</summary>
internal abstract class TypeReader(string text)
{
    protected int At { get; set; }

    protected string Text => text;

    private bool AtEnd => At >= text.Length;

    protected TypeUse TypeUse()
    {
        var type = Type();
        if (!Skip("/*"))
        {
            return new TypeUse(type, []);
        }

        int end = text.IndexOf("*/", At, StringComparison.Ordinal);
        string[] names = text[At..end].Split(',');
        At = end + 2;
        return new TypeUse(type, names);
    }

    protected TypeSyntax Type()
    {
        var tuple = Skip("(") ? List(Type) : [];
        if (tuple.Count > 0)
        {
            Expect(")");
        }

        var path = new List<PathPart>();
        while (tuple.Count == 0 && (path.Count == 0 || Skip(".")))
        {
            string name = Identifier();
            var arguments = Skip("<") ? List(Type) : [];
            if (arguments.Count > 0)
            {
                Expect(">");
            }

            path.Add(new PathPart(name, arguments));
        }

        return new TypeSyntax(path, tuple, Suffixes());
    }

    private List<string> Suffixes()
    {
        var found = new List<string>();
        while (!AtEnd && (text[At] == '?' || (text[At] == '[' && At + 1 < text.Length && text[At + 1] is ']' or ',')))
        {
            int end = text[At] == '?' ? At + 1 : text.IndexOf(']', At) + 1;
            found.Add(text[At..end]);
            At = end;
        }

        return found;
    }

    protected List<T> List<T>(Func<T> read)
    {
        var found = new List<T> { read() };
        while (Skip(","))
        {
            found.Add(read());
        }

        return found;
    }

    protected string Identifier()
    {
        SkipSpaces();
        int start = At;
        while (!AtEnd && (char.IsLetterOrDigit(text[At]) || text[At] == '_'))
        {
            At++;
        }

        return At > start ? text[start..At] : throw new FormatException($"expected a name at column {start} of '{text}'.");
    }

    protected char Peek()
    {
        SkipSpaces();
        return AtEnd ? '\0' : text[At];
    }

    protected bool Skip(string token)
    {
        SkipSpaces();
        if (string.CompareOrdinal(text, At, token, 0, token.Length) != 0)
        {
            return false;
        }

        At += token.Length;
        return true;
    }

    protected void Expect(string token)
    {
        if (!Skip(token))
        {
            throw new FormatException($"expected '{token}' at column {At} of '{text}'.");
        }
    }

    protected string Rest()
    {
        SkipSpaces();
        string rest = text[At..];
        At = text.Length;
        return rest;
    }

    protected void SkipSpaces()
    {
        while (!AtEnd && text[At] == ' ')
        {
            At++;
        }
    }
}
