using System.Reflection;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>
/// The public and protected surface of an assembly, one line a member, in the format of the listing:
/// <c>Type :: KIND signature</c>. What has a name that no source can spell is the compiler's own and not shown.
/// </summary>
internal static class SurfaceRenderer
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    public static IEnumerable<SurfaceLine> Render(Assembly assembly) =>
        assembly.GetTypes().Where(type => IsVisible(type) && IsSpeakable(type)).SelectMany(Render);

    public static IEnumerable<SurfaceLine> Render(Type type)
    {
        string owner = TypeNames.Name(type);
        SurfaceLine Line(string kind, string text) => new(owner, kind, text);

        yield return Line("TYPE", TypeHeader.Render(type));
        if (type.IsEnum)
        {
            string underlying = TypeNames.Name(type.GetEnumUnderlyingType());
            foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                yield return Line("ENUM", $"{field.Name} = {field.GetRawConstantValue()} (underlying {underlying})");
            }

            yield break;
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield break;
        }

        foreach (var constructor in type.GetConstructors(Declared).Where(c => !c.IsStatic && IsVisible(c)))
        {
            string name = type.Name.Split('`')[0];
            yield return Line("CTOR", $"{Signatures.Access(constructor)} {name}({Signatures.Parameters(constructor)}){Signatures.Obsolete(constructor)}");
        }

        foreach (var field in type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly))
        {
            yield return Line("FIELD", Signatures.Field(field));
        }

        foreach (var property in type.GetProperties(Declared).Where(p => p.GetAccessors(true).Any(IsVisible)))
        {
            yield return Line("PROP", Signatures.Property(property));
        }

        foreach (var @event in type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)))
        {
            yield return Line("EVENT", $"{Signatures.Access(@event.AddMethod!)} {TypeNames.Name(@event.EventHandlerType!)} {@event.Name}");
        }

        foreach (var method in type.GetMethods(Declared).Where(m => IsVisible(m) && IsSpeakable(m) && !IsAccessor(m)))
        {
            yield return Line("METHOD", Signatures.Method(method));
        }
    }

    public static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsVisible(Type type) =>
        type.IsNested
            ? (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType!)
            : type.IsPublic;

    private static bool IsSpeakable(MemberInfo member) => !member.Name.Contains('<');

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);
}

/// <summary>One line: <c>Owner :: Kind Text</c>.</summary>
internal sealed record SurfaceLine(string Owner, string Kind, string Text)
{
    public static SurfaceLine Parse(string line)
    {
        int separator = line.IndexOf(" :: ", StringComparison.Ordinal);
        string[] rest = separator < 0 ? [] : line[(separator + 4)..].Split(' ', 2);
        return rest.Length == 2
            ? new SurfaceLine(line[..separator], rest[0], rest[1])
            : throw new FormatException($"line: expected 'Type :: KIND signature', got '{line}'.");
    }

    public override string ToString() => $"{Owner} :: {Kind} {Text}";
}
