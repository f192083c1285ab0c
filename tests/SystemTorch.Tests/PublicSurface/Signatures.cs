using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>Members as the listing writes them.</summary>
internal static class Signatures
{
    private static readonly NullabilityInfoContext s_nullability = new();

    public static string Method(MethodInfo method)
    {
        Type[] parameters = method.GetGenericArguments();
        string arguments = parameters.Length == 0 ? "" : $"<{string.Join(", ", parameters.Select(p => p.Name))}>";
        return $"{Modifiers(method)} {Result(method)} {method.Name}{arguments}({Parameters(method)})"
            + TypeHeader.Constraints(parameters) + Obsolete(method);
    }

    public static string Property(PropertyInfo property)
    {
        MethodInfo[] visible = [.. property.GetAccessors(true).Where(SurfaceRenderer.IsVisible)];
        var widest = visible.OrderByDescending(a => a.IsPublic).ThenByDescending(a => a.IsFamilyOrAssembly).First();

        // The accessor's own parameters: NullabilityInfoContext fails on those of a generic type's indexer itself.
        var index = widest.GetParameters().Take(property.GetIndexParameters().Length).ToList();
        string name = index.Count == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        string accessors = string.Concat(new[] { property.GetMethod, property.SetMethod }
            .Where(a => a is not null && visible.Contains(a))
            .Select(a => $"{(Access(a!) == Access(widest) ? "" : Access(a!) + " ")}{(a == property.GetMethod ? "get" : "set")}; "));
        return $"{Modifiers(widest)} {TypeNames.Name(property.PropertyType, Nullability(property))}{TypeNames.TupleNames(property)} {name} {{ {accessors}}}";
    }

    public static string Field(FieldInfo field)
    {
        string access = field.IsPublic ? "public" : field.IsFamilyOrAssembly ? "protected internal" : "protected";
        string kind = field.IsLiteral ? " const" : (field.IsStatic ? " static" : "") + (field.IsInitOnly ? " readonly" : "");
        string value = field.IsLiteral ? " = " + Literal(field.GetRawConstantValue()) : "";
        return $"{access}{kind} {TypeNames.Name(field.FieldType, Nullability(field))}{TypeNames.TupleNames(field)} {field.Name}{value}";
    }

    public static string Result(MethodInfo method) =>
        TypeNames.Name(method.ReturnType, Nullability(method.ReturnParameter)) + TypeNames.TupleNames(method.ReturnParameter);

    public static string Parameters(MethodBase method)
    {
        bool isExtension = method.IsDefined(typeof(ExtensionAttribute), false);
        string list = string.Join(", ", method.GetParameters().Select(Parameter));
        return isExtension ? "this " + list : list;
    }

    public static string Obsolete(MemberInfo member) => member.IsDefined(typeof(ObsoleteAttribute), false) ? " [Obsolete]" : "";

    public static string Access(MethodBase method) =>
        method.IsPublic ? "public" : method.IsFamilyOrAssembly ? "protected internal" : "protected";

    private static string Modifiers(MethodInfo method)
    {
        string kind = method.IsStatic ? " static"
            : method.IsAbstract ? " abstract"
            : method.GetBaseDefinition() != method ? " override"
            : method is { IsVirtual: true, IsFinal: false } ? " virtual"
            : "";
        return Access(method) + kind;
    }

    private static string Parameter(ParameterInfo parameter)
    {
        string modifier = parameter.ParameterType.IsByRef
            ? parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref "
            : parameter.IsDefined(typeof(ParamArrayAttribute), false) ? "params " : "";
        string type = TypeNames.Name(parameter.ParameterType, Nullability(parameter)) + TypeNames.TupleNames(parameter);
        return $"{modifier}{type} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Default(parameter) : "")}";
    }

    private static string Default(ParameterInfo parameter)
    {
        object? value = parameter.RawDefaultValue;
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (value is null)
        {
            return type == parameter.ParameterType && type.IsValueType ? "default" : "null";
        }

        return type.IsEnum ? $"{TypeNames.Name(type)}.{Enum.ToObject(type, value)}" : Literal(value);
    }

    private static string Literal(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text}\"",
        char character => $"'{character}'",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException($"value: expected a constant of C#, got {value.GetType()}."),
    };

    // One context for all, which caches and is not safe for threads.
    private static NullabilityInfo Nullability(object member)
    {
        lock (s_nullability)
        {
            return member switch
            {
                ParameterInfo parameter => s_nullability.Create(parameter),
                PropertyInfo property => s_nullability.Create(property),
                FieldInfo field => s_nullability.Create(field),
                _ => throw new ArgumentException($"member: expected a parameter, property or field, got {member}.", nameof(member)),
            };
        }
    }
}
