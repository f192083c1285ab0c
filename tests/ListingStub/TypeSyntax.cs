namespace ListingStub;

/// <summary>A type as the listing writes it: a dotted path, or a tuple, with its <c>?</c> and <c>[]</c> marks in order.</summary>
internal sealed record TypeSyntax(IReadOnlyList<PathPart> Path, IReadOnlyList<TypeSyntax> Tuple, IReadOnlyList<string> Suffixes)
{
    public bool IsTuple => Tuple.Count > 0;

    /// <summary>The dotted name without arguments, with the number of arguments of each part: <c>torch.Storage`1</c>.</summary>
    public string Key => string.Join('.', Path.Select(part => part.Key));

    /// <summary>The name when it is a single word (a keyword, a type parameter, a type of System); else null.</summary>
    public string? Word => Path.Count == 1 ? Path[0].Name : null;

    public TypeSyntax With(IEnumerable<string> suffixes) => this with { Suffixes = [.. suffixes] };

    /// <summary>This type and every type inside it.</summary>
    public IEnumerable<TypeSyntax> All() =>
        [this, .. Tuple.SelectMany(t => t.All()), .. Path.SelectMany(part => part.Arguments).SelectMany(t => t.All())];

    /// <summary>Replaces type parameters, marks kept.</summary>
    public TypeSyntax Substitute(IReadOnlyDictionary<string, TypeSyntax> map)
    {
        if (Word is { } word && Path[0].Arguments.Count == 0 && map.TryGetValue(word, out var replacement))
        {
            return replacement.With([.. replacement.Suffixes, .. Suffixes.Where(s => s != "?")]);
        }

        return this with
        {
            Tuple = [.. Tuple.Select(t => t.Substitute(map))],
            Path = [.. Path.Select(p => p with { Arguments = [.. p.Arguments.Select(t => t.Substitute(map))] })],
        };
    }
}

internal sealed record PathPart(string Name, IReadOnlyList<TypeSyntax> Arguments)
{
    public string Key => Arguments.Count == 0 ? Name : $"{Name}`{Arguments.Count}";
}

/// <summary>A type in a signature, with the names of its tuple elements (outer tuple first), if it has any.</summary>
internal sealed record TypeUse(TypeSyntax Type, IReadOnlyList<string> TupleNames);
