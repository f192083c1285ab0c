namespace ListingStub;

/// <summary>Reads the signatures of the listing, left to right.</summary>
internal sealed class SignatureReader(string text) : TypeReader(text)
{
    private static readonly HashSet<string> s_modifiers =
        ["public", "protected", "internal", "static", "abstract", "virtual", "override", "sealed", "const", "readonly"];

    private static readonly HashSet<string> s_parameterModifiers = ["this", "params", "ref", "out", "in"];

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
            int start = At;
            string word = Peek() == '(' ? "" : Identifier();
            if (!s_modifiers.Contains(word))
            {
                At = start;
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
        int start = At;
        string modifier = Peek() == '(' ? "" : Identifier();
        if (!s_parameterModifiers.Contains(modifier))
        {
            (At, modifier) = (start, "");
        }

        return new Parameter(modifier, TypeUse(), Identifier(), Skip("=") ? Literal(close) : null);
    }

    private string Literal(char close)
    {
        SkipSpaces();
        int start = At;
        char quote = Peek() is '"' or '\'' ? Text[At] : '\0';
        At = quote == '\0' ? Text.IndexOfAny([',', close], At) : Text.IndexOf(quote, At + 1) + 1;
        return Text[start..At];
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
}
