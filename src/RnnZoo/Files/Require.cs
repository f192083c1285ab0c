namespace RnnZoo.Files;

/// <summary>Checks values of manifests.</summary>
internal static class Require
{
    /// <exception cref="ArgumentException">It does not hold.</exception>
    public static void That(bool holds, string field, string expected, object? got)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"{field}: expected {expected}, got {(got is string text ? $"'{text}'" : got ?? "null")}."));
        }
    }

    public static void Hash(string text, string field) =>
        That(text.Length == 64 && text.All(char.IsAsciiHexDigitLower), field, "a SHA-256 in 64 lower-case hexadecimal digits", text);

    /// <summary>A check whose message names a field of its own, under another field.</summary>
    public static void Within(string field, Action check) => Within<object?>(field, () =>
    {
        check();
        return null;
    });

    /// <summary>The same of what is made as it is checked.</summary>
    public static T Within<T>(string field, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException problem)
        {
            throw new ArgumentException($"{field}.{problem.Message.Split(" (Parameter ")[0]}", problem);
        }
    }
}
