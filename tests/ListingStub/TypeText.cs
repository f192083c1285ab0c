using System.Text;

namespace ListingStub;

/// <summary>Writes types of the listing as C#, fully qualified.</summary>
internal sealed class TypeText(Listing listing)
{
    private static readonly HashSet<string> s_valueWords =
    [
        "bool", "byte", "sbyte", "short", "ushort", "int", "uint", "long", "ulong", "nint", "nuint", "float", "double",
        "decimal", "char", "void",
    ];

    private static readonly HashSet<string> s_keywords =
    [
        .. s_valueWords,
        "object", "string", "abstract", "as", "base", "break", "case", "catch", "checked", "class", "const", "continue",
        "default", "delegate", "do", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "for",
        "foreach", "goto", "if", "implicit", "in", "interface", "internal", "is", "lock", "namespace", "new", "null",
        "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sealed",
        "sizeof", "stackalloc", "static", "struct", "switch", "this", "throw", "true", "try", "typeof", "unchecked",
        "unsafe", "using", "virtual", "volatile", "while",
    ];

    /// <summary>An identifier, with @ where C# has it as a keyword.</summary>
    public static string Name(string name) => s_keywords.Contains(name) ? "@" + name : name;

    /// <summary>C# for a type in a signature. <paramref name="bare"/>: parameters whose <c>?</c> only says "any type".</summary>
    public string Write(TypeUse use, IReadOnlySet<string> parameters, IReadOnlySet<string> bare) =>
        Write(use.Type, new Queue<string>(use.TupleNames), parameters, bare);

    public string Write(TypeSyntax type, IReadOnlySet<string> parameters, IReadOnlySet<string> bare) =>
        Write(type, new Queue<string>(), parameters, bare);

    private string Write(TypeSyntax type, Queue<string> names, IReadOnlySet<string> parameters, IReadOnlySet<string> bare)
    {
        string suffixes = string.Concat(type.Suffixes);
        IReadOnlyList<TypeSyntax> elements = type.IsTuple || type.Word != "ValueTuple" ? type.Tuple : type.Path[0].Arguments;
        if (elements.Count > 0)
        {
            string[] own = [.. elements.Select(_ => names.Count > 0 ? " " + Name(names.Dequeue()) : "")];
            return $"({string.Join(", ", elements.Select((e, i) => Write(e, names, parameters, bare) + own[i]))}){suffixes}";
        }

        if (type.Word is { } word && type.Path[0].Arguments.Count == 0)
        {
            if (parameters.Contains(word))
            {
                return word + (bare.Contains(word) && suffixes.StartsWith('?') ? suffixes[1..] : suffixes);
            }

            if (s_valueWords.Contains(word) || word is "object" or "string")
            {
                return word + suffixes;
            }
        }

        var text = new StringBuilder("global::" + Prefix(type));
        for (int i = 0; i < type.Path.Count; i++)
        {
            var part = type.Path[i];
            text.Append(i > 0 ? "." : "").Append(Name(part.Name));
            if (part.Arguments.Count > 0)
            {
                text.Append('<').AppendJoin(", ", part.Arguments.Select(a => Write(a, names, parameters, bare))).Append('>');
            }
        }

        return text.Append(suffixes).ToString();
    }

    /// <summary>Whether the type, arrays aside, is a value type; type parameters are not asked for here.</summary>
    public bool IsValue(TypeSyntax type) =>
        !type.Suffixes.Any(s => s.StartsWith('['))
        && (type.IsTuple
            || (type.Word is { } word && s_valueWords.Contains(word))
            || listing.Find(type.Key)?.Kind is "struct" or "enum"
            || Framework(type)?.IsValueType == true);

    /// <summary>Whether the type, its arguments aside, is a parameter, a type of the listing or one of the framework.</summary>
    public bool IsKnown(TypeSyntax type, IReadOnlySet<string> parameters) =>
        type.IsTuple
        || (type.Word is { } word && (parameters.Contains(word) || s_valueWords.Contains(word) || word is "object" or "string"))
        || listing.Find(type.Key) is not null
        || Framework(type) is not null;

    /// <summary>The framework's type behind a name of the listing, which drops System and System.Collections.Generic.</summary>
    public static Type? Framework(TypeSyntax type)
    {
        if (type.IsTuple || type.Path[0].Name == "TorchSharp")
        {
            return null;
        }

        string name = Prefix(type) + type.Key;
        return Type.GetType(name) ?? typeof(Stack<>).Assembly.GetType(name) ?? typeof(System.Numerics.Complex).Assembly.GetType(name);
    }

    private static string Prefix(TypeSyntax type) =>
        type.Path.Count > 1 ? "" : Type.GetType("System." + type.Key) is null ? "System.Collections.Generic." : "System.";
}
