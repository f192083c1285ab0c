namespace ListingStub;

/// <summary>
/// Explicit implementations of every interface that a type names: the listing shows public and protected members only,
/// so some interface members may have none there.
/// </summary>
internal sealed class InterfaceBodies(Listing listing, TypeText types)
{
    private static readonly HashSet<string> s_none = [];

    public IEnumerable<string> Write(TypeEntry entry, IReadOnlySet<string> parameters)
    {
        foreach (var contract in entry.Bases)
        {
            string name = types.Write(contract, parameters, s_none);
            if (listing.Find(contract.Key) is { Kind: "interface" } own)
            {
                var map = own.TypeParameters.Zip(contract.Path[^1].Arguments).ToDictionary(p => p.First, p => p.Second);
                foreach (var member in own.Members)
                {
                    yield return Own(name, member, map, parameters);
                }
            }
            else if (TypeText.Framework(contract) is { IsInterface: true } framework)
            {
                var arguments = contract.Path[^1].Arguments.Select(a => types.Write(a, parameters, s_none));
                var map = framework.GetGenericArguments().Zip(arguments).ToDictionary(p => p.First, p => p.Second);
                foreach (string body in FromFramework(name, framework, map))
                {
                    yield return body;
                }
            }
        }
    }

    private string Own(
        string contract, Member member, IReadOnlyDictionary<string, TypeSyntax> map, IReadOnlySet<string> parameters)
    {
        string Write(TypeUse use) => types.Write(use with { Type = use.Type.Substitute(map) }, parameters, parameters);
        string head = $"{Write(member.Type!)} {contract}.{TypeText.Name(member.Name)}";
        return member.Kind == "PROP"
            ? $"{head} {StubWriter.Accessors(member.Tail)}"
            : $"{head}({string.Join(", ", member.Parameters.Select(p => $"{Write(p.Type)} {TypeText.Name(p.Name)}"))}) => throw null!;";
    }

    private static IEnumerable<string> FromFramework(string name, Type contract, Dictionary<Type, string> map)
    {
        foreach (var property in contract.GetProperties().Where(p => p.GetAccessors().All(a => a.IsAbstract)))
        {
            var index = property.GetIndexParameters();
            string head = index.Length == 0
                ? property.Name
                : $"this[{string.Join(", ", index.Select(p => $"{Text(p.ParameterType, map)} {p.Name}"))}]";
            string accessors = (property.CanRead ? "get; " : "") + (property.CanWrite ? "set; " : "");
            yield return $"{Text(property.PropertyType, map)} {name}.{head} {StubWriter.Accessors($"{{ {accessors}}}")}";
        }

        foreach (var method in contract.GetMethods().Where(m => m is { IsAbstract: true, IsStatic: false, IsSpecialName: false }))
        {
            var list = method.GetParameters().Select(p =>
                $"{(p.IsOut ? "out " : p.ParameterType.IsByRef ? "ref " : "")}{Text(p.ParameterType, map)} @{p.Name}");
            yield return $"{Text(method.ReturnType, map)} {name}.{method.Name}({string.Join(", ", list)}) => throw null!;";
        }
    }

    private static string Text(Type type, Dictionary<Type, string> map)
    {
        if (type.IsByRef)
        {
            return Text(type.GetElementType()!, map);
        }

        if (type.IsArray)
        {
            return $"{Text(type.GetElementType()!, map)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (map.TryGetValue(type, out string? argument))
        {
            return argument;
        }

        if (type == typeof(void))
        {
            return "void";
        }

        string name = "global::" + (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Split('`')[0];
        return type.IsGenericType
            ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(a => Text(a, map)))}>"
            : name;
    }
}
