namespace ListingStub;

internal sealed record Parameter(string Modifier, TypeUse Type, string Name, string? Default);

internal sealed record Constraint(string Parameter, IReadOnlyList<TypeSyntax> Types, IReadOnlyList<string> Words);

/// <summary>One line of the listing that is no TYPE line.</summary>
internal sealed record Member(
    string Kind,
    IReadOnlyList<string> Modifiers,
    TypeUse? Type,
    string Name,
    IReadOnlyList<string> TypeParameters,
    IReadOnlyList<Parameter> Parameters,
    IReadOnlyList<Constraint> Constraints,
    string Tail,
    bool Obsolete)
{
    /// <summary>The line of the listing.</summary>
    public string Line { get; init; } = "";

    public bool Is(string modifier) => Modifiers.Contains(modifier);

    public IEnumerable<TypeUse> Types => [.. Type is null ? [] : new[] { Type }, .. Parameters.Select(p => p.Type)];
}

/// <summary>One type of the listing with its members and nested types.</summary>
internal sealed class TypeEntry(TypeSyntax name, IReadOnlyList<string> modifiers, string kind)
{
    public TypeSyntax Name { get; } = name;
    public IReadOnlyList<string> Modifiers { get; } = modifiers;

    /// <summary>class, struct, interface, enum or delegate.</summary>
    public string Kind { get; } = kind;
    public IReadOnlyList<TypeSyntax> Bases { get; init; } = [];
    public IReadOnlyList<Constraint> Constraints { get; init; } = [];

    /// <summary>For a delegate: its signature.</summary>
    public Member? Invoke { get; init; }
    public List<Member> Members { get; } = [];
    public List<TypeEntry> Nested { get; } = [];

    public IReadOnlyList<string> TypeParameters => [.. Name.Path[^1].Arguments.Select(a => a.Word!)];
    public IEnumerable<string> AllTypeParameters => Name.Path.SelectMany(p => p.Arguments).Select(a => a.Word!);
}
