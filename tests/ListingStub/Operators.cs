namespace ListingStub;

/// <summary>How C# writes the operators that the listing names as metadata does.</summary>
internal static class Operators
{
    private static readonly Dictionary<string, string> s_symbols = new()
    {
        ["op_Addition"] = "+",
        ["op_Subtraction"] = "-",
        ["op_Multiply"] = "*",
        ["op_Division"] = "/",
        ["op_Modulus"] = "%",
        ["op_BitwiseAnd"] = "&",
        ["op_BitwiseOr"] = "|",
        ["op_ExclusiveOr"] = "^",
        ["op_OnesComplement"] = "~",
        ["op_LogicalNot"] = "!",
        ["op_UnaryNegation"] = "-",
        ["op_UnaryPlus"] = "+",
        ["op_Equality"] = "==",
        ["op_Inequality"] = "!=",
        ["op_LessThan"] = "<",
        ["op_LessThanOrEqual"] = "<=",
        ["op_GreaterThan"] = ">",
        ["op_GreaterThanOrEqual"] = ">=",
        ["op_LeftShift"] = "<<",
        ["op_RightShift"] = ">>",
    };

    /// <summary>Result and name of a method or operator, up to its parameters. Names unknown here are plain methods.</summary>
    public static string Head(string metadataName, string result, string name) => metadataName switch
    {
        "op_Implicit" => $"implicit operator {result}",
        "op_Explicit" => $"explicit operator {result}",
        _ when s_symbols.TryGetValue(metadataName, out string? symbol) => $"{result} operator {symbol}",
        _ => $"{result} {name}",
    };
}
