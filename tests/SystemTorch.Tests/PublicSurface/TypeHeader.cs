using System.Reflection;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>TYPE lines and constraints.</summary>
internal static class TypeHeader
{
    public static string Render(Type type)
    {
        string access = type.IsPublic || type.IsNestedPublic ? "public" : type.IsNestedFamORAssem ? "protected internal" : "protected";
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            var invoke = type.GetMethod("Invoke")!;
            return $"{access} delegate {Signatures.Result(invoke)} {TypeNames.Name(type)}({Signatures.Parameters(invoke)})";
        }

        string[] bases = [.. Bases(type).Select(t => TypeNames.Name(t))];
        string list = bases.Length == 0 ? "" : " : " + string.Join(", ", bases);
        return $"{access} {Kind(type)} {TypeNames.Name(type)}{list}{Constraints(OwnParameters(type))}";
    }

    /// <summary><c>where</c> clauses; <c>unmanaged</c> shows as <c>struct</c>, and annotations of constraints do not show.</summary>
    public static string Constraints(IEnumerable<Type> parameters) =>
        string.Concat(parameters.Select(parameter =>
        {
            var attributes = parameter.GenericParameterAttributes;
            bool isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
            string[] words =
            [
                .. isStruct ? ["struct"] : attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? ["class"] : Array.Empty<string>(),
                .. parameter.GetGenericParameterConstraints().Where(t => t != typeof(ValueType)).Select(t => TypeNames.Name(t)),
                .. attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct ? ["new()"] : Array.Empty<string>(),
            ];
            return words.Length == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", words)}";
        }));

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static IEnumerable<Type> Bases(Type type)
    {
        if (type.IsEnum)
        {
            return [];
        }

        var inherited = type.BaseType?.GetInterfaces() ?? [];
        var own = type.GetInterfaces().Except(inherited).Where(i => i.IsVisible);
        return type.BaseType is null || type.BaseType == typeof(object) || type.IsValueType ? own : own.Prepend(type.BaseType);
    }

    private static IEnumerable<Type> OwnParameters(Type type) =>
        type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0);
}
