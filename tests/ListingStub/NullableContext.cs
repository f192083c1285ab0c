namespace ListingStub;

/// <summary>
/// Whether a member was compiled with nullable annotations. The listing marks what may be null, and marks unconstrained
/// type parameters of annotated code with <c>?</c> too. So a reference type that defaults to null, or an unconstrained
/// type parameter, without a mark tells that the member's source was not annotated. In doubt the stricter reading is
/// taken: code that passes it compiles against the other too.
/// </summary>
internal sealed class NullableContext(TypeText types)
{
    public bool IsAnnotated(Member member, IReadOnlySet<string> parameters, IReadOnlySet<string> bare)
    {
        var all = member.Types.SelectMany(use => use.Type.All()).ToList();
        if (all.Any(t => HasMark(t, parameters, bare)))
        {
            return true;
        }

        bool bareUnmarked = all.Any(t => IsParameter(t, bare));
        bool nullUnmarked = member.Parameters.Any(p =>
            p.Default is "null" && !types.IsValue(p.Type.Type) && !IsParameter(p.Type.Type, parameters));
        return !bareUnmarked && !nullUnmarked;
    }

    /// <summary>The context of a type's own parameters: that of the members that mention them.</summary>
    public bool IsAnnotated(TypeEntry entry, IReadOnlySet<string> bare) =>
        entry.Members.SelectMany(m => m.Types).SelectMany(use => use.Type.All())
            .Any(t => IsParameter(t, bare) && t.Suffixes.Contains("?"));

    private bool HasMark(TypeSyntax type, IReadOnlySet<string> parameters, IReadOnlySet<string> bare)
    {
        bool array = type.Suffixes.Any(s => s.StartsWith('['));
        bool parameter = IsParameter(type, parameters);
        return type.Suffixes.Contains("?") && (array || (parameter ? IsParameter(type, bare) : !types.IsValue(type)));
    }

    private static bool IsParameter(TypeSyntax type, IReadOnlySet<string> parameters) =>
        type.Word is { } word && type.Path[0].Arguments.Count == 0 && parameters.Contains(word);
}
