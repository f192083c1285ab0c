namespace ListingStub;

/// <summary>Reads the signatures of the listing, left to right.</summary>
internal sealed class SignatureReader(string text)
{
    private static readonly HashSet<string> s_modifiers =
        ["public", "protected", "internal", "static", "abstract", "virtual", "override", "sealed", "const", "readonly"];

    private static readonly HashSet<string> s_parameterModifiers = ["this", "params", "ref", "out", "in"];

    private int _at;

    private bool AtEnd => _at >= text.Length;

    public static Member ReadMember(string kind, string text)
    {
        var reader = new SignatureReader(text);
        return kind switch
        {
            "METHOD" => reader.Method(),
            "CTOR" => reader.Constructor(),
            "PROP" => reader.Property(),
            "FIELD" => reader.Field(),
            "ENUM" => new Member(kind, [], null, reader.Identifier(), [], [], [], reader.Rest(), false),
            _ => throw new FormatException($"kind: expected METHOD, CTOR, PROP, FIELD or ENUM, got '{kind}' before '{text}'."),
        };
    }

    public static TypeEntry ReadType(string text)
    {
        var reader = new SignatureReader(text);
        var modifiers = reader.Modifiers();
        string kind = reader.Identifier();
        if (kind == "delegate")
        {
            var result = reader.TypeUse();
            var name = reader.Type();
            var parameters = reader.Parameters('(', ')');
            return new TypeEntry(name, modifiers, kind)
            {
                Invoke = new Member("METHOD", [], result, "Invoke", [], parameters, [], "", false),
            };
        }

        return new TypeEntry(reader.Type(), modifiers, kind)
        {
            Bases = reader.Skip(":") ? reader.List(reader.Type) : [],
            Constraints = reader.Constraints(),
        };
    }

    private Member Method()
    {
        var modifiers = Modifiers();
        var type = TypeUse();
        string name = Identifier();
        IReadOnlyList<string> typeParameters = Skip("<") ? List(Identifier) : [];
        if (typeParameters.Count > 0)
        {
            Expect(">");
        }

        var parameters = Parameters('(', ')');
        return new Member("METHOD", modifiers, type, name, typeParameters, parameters, Constraints(), "", Skip("[Obsolete]"));
    }

    private Member Constructor() =>
        new("CTOR", Modifiers(), null, Identifier(), [], Parameters('(', ')'), [], "", Skip("[Obsolete]"));

    private Member Property()
    {
        var modifiers = Modifiers();
        var type = TypeUse();
        string name = Identifier();
        var parameters = name == "this" ? Parameters('[', ']') : [];
        return new Member("PROP", modifiers, type, name, [], parameters, [], Rest(), false);
    }

    private Member Field() => new("FIELD", Modifiers(), TypeUse(), Identifier(), [], [], [], Rest(), false);

    private List<string> Modifiers()
    {
        var found = new List<string>();
        while (true)
        {
            int start = _at;
            string word = Peek() == '(' ? "" : Identifier();
            if (!s_modifiers.Contains(word))
            {
                _at = start;
                return found;
            }

            found.Add(word);
        }
    }

    private List<Parameter> Parameters(char open, char close)
    {
        Expect(open.ToString());
        var found = Skip(close.ToString()) ? [] : List(() => ReadParameter(close));
        if (found.Count > 0)
        {
            Expect(close.ToString());
        }

        return found;
    }

    private Parameter ReadParameter(char close)
    {
        int start = _at;
        string modifier = Peek() == '(' ? "" : Identifier();
        if (!s_parameterModifiers.Contains(modifier))
        {
            (_at, modifier) = (start, "");
        }

        return new Parameter(modifier, TypeUse(), Identifier(), Skip("=") ? Literal(close) : null);
    }

    private string Literal(char close)
    {
        SkipSpaces();
        int start = _at;
        char quote = text[_at] is '"' or '\'' ? text[_at] : '\0';
        _at = quote == '\0' ? text.IndexOfAny([',', close], _at) : text.IndexOf(quote, _at + 1) + 1;
        return text[start.._at];
    }

    private List<Constraint> Constraints()
    {
        var found = new List<Constraint>();
        while (Skip("where "))
        {
            string parameter = Identifier();
            Expect(":");
            var types = new List<TypeSyntax>();
            var words = new List<string>();
            do
            {
                var type = Type();
                if (type.Word is "new")
                {
                    Expect("()");
                    words.Add("new()");
                }
                else if (type.Word is "class" or "struct" or "unmanaged" or "notnull")
                {
                    words.Add(type.Word);
                }
                else
                {
                    types.Add(type);
                }
            }
            while (Skip(","));
            found.Add(new Constraint(parameter, types, words));
        }

        return found;
    }

    private TypeUse TypeUse()
    {
        var type = Type();
        if (!Skip("/*"))
        {
            return new TypeUse(type, []);
        }

        int end = text.IndexOf("*/", _at, StringComparison.Ordinal);
        string[] names = text[_at..end].Split(',');
        _at = end + 2;
        return new TypeUse(type, names);
    }

    private TypeSyntax Type()
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
        while (!AtEnd && (text[_at] == '?' || (text[_at] == '[' && _at + 1 < text.Length && text[_at + 1] is ']' or ',')))
        {
            int end = text[_at] == '?' ? _at + 1 : text.IndexOf(']', _at) + 1;
            found.Add(text[_at..end]);
            _at = end;
        }

        return found;
    }

    private List<T> List<T>(Func<T> read)
    {
        var found = new List<T> { read() };
        while (Skip(","))
        {
            found.Add(read());
        }

        return found;
    }

    private string Identifier()
    {
        SkipSpaces();
        int start = _at;
        while (!AtEnd && (char.IsLetterOrDigit(text[_at]) || text[_at] == '_'))
        {
            _at++;
        }

        return _at > start ? text[start.._at] : throw new FormatException($"expected a name at column {start} of '{text}'.");
    }

    private char Peek()
    {
        SkipSpaces();
        return AtEnd ? '\0' : text[_at];
    }

    private bool Skip(string token)
    {
        SkipSpaces();
        if (string.CompareOrdinal(text, _at, token, 0, token.Length) != 0)
        {
            return false;
        }

        _at += token.Length;
        return true;
    }

    private void Expect(string token)
    {
        if (!Skip(token))
        {
            throw new FormatException($"expected '{token}' at column {_at} of '{text}'.");
        }
    }

    private string Rest()
    {
        SkipSpaces();
        string rest = text[_at..];
        _at = text.Length;
        return rest;
    }

    private void SkipSpaces()
    {
        while (!AtEnd && text[_at] == ' ')
        {
            _at++;
        }
    }
}
