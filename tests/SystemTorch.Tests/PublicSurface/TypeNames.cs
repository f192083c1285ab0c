using System.Reflection;
using System.Runtime.CompilerServices;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>
/// Type names as the listing writes them: namespaces System and System.Collections.Generic dropped, C# keywords, tuples
/// in parentheses unless a type parameter occurs in them, <c>?</c> where the annotations (or Nullable) say so.
/// </summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    /// <summary>The name with its marks; <paramref name="nullability"/> is null where annotations are not shown (bases, constraints).</summary>
    public static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, nullability);
        }

        string mark = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying, nullability) + "?";
        }

        return (type.IsGenericParameter ? type.Name : s_keywords.GetValueOrDefault(type) ?? Qualified(type, nullability)) + mark;
    }

    /// <summary><c>/*a,b*/</c> when the tuples in a type have names, else nothing.</summary>
    public static string TupleNames(ICustomAttributeProvider provider) =>
        provider.GetCustomAttributes(typeof(TupleElementNamesAttribute), false) is [TupleElementNamesAttribute names, ..]
            ? $"/*{string.Join(',', names.TransformNames)}*/"
            : "";

    private static string Qualified(Type type, NullabilityInfo? nullability)
    {
        Type[] arguments = type.GetGenericArguments();

        // Only a type's own arguments carry marks, those of the types around it never.
        int enclosing = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        string[] names =
            [.. arguments.Select((a, i) => Name(a, i < enclosing ? null : nullability?.GenericTypeArguments.ElementAtOrDefault(i)))];
        if (typeof(ITuple).IsAssignableFrom(type) && type.IsValueType && arguments.Length > 1 && !type.ContainsGenericParameters)
        {
            return $"({string.Join(", ", names)})";
        }

        // Type arguments are counted over all enclosing types: each part of the path takes its own share.
        var path = new Stack<Type>();
        for (Type? part = type; part is not null; part = part.DeclaringType)
        {
            path.Push(part);
        }

        int used = 0;
        var parts = new List<string>();
        foreach (var part in path)
        {
            int total = part.GetGenericArguments().Length;
            string name = part.Name.Split('`')[0];
            parts.Add(total > used ? $"{name}<{string.Join(", ", names[used..total])}>" : name);
            used = total;
        }

        string prefix = type.Namespace is null or "System" or "System.Collections.Generic" ? "" : type.Namespace + ".";
        return prefix + string.Join('.', parts);
    }
}
