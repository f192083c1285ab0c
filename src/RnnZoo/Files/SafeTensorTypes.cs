using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>The element types that both safetensors and TorchSharp have.</summary>
internal static class SafeTensorTypes
{
    private static readonly (string Name, ScalarType Type, int Size)[] All =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(type => type.Name));

    /// <summary>The type of a name; null if it is none of those.</summary>
    public static ScalarType? Parse(string name)
    {
        foreach (var type in All)
        {
            if (type.Name == name)
            {
                return type.Type;
            }
        }

        return null;
    }

    /// <summary>The name of a type; null if safetensors or this library has none.</summary>
    public static string? NameOf(ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    /// <summary>How many bytes an element takes.</summary>
    public static int SizeOf(ScalarType type) => Array.Find(All, known => known.Type == type).Size;
}
