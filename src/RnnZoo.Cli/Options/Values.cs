using System.Globalization;
using System.Numerics;

namespace RnnZoo.Cli.Options;

/// <summary>Makes options for the usual kinds of value. Numbers are read the same way in every country.</summary>
internal static class Values
{
    public static ValueOption<int> Whole(string name, string description, int minimum, int? standard = null)
        => WithDefault(new ValueOption<int>(name, description, $"a whole number of at least {minimum}", (string text, out int value)
            => Number(text, out value) && value >= minimum), standard);

    public static ValueOption<long> Seed(string name, string description, long standard)
        => WithDefault<long>(new ValueOption<long>(name, description, "a whole number of at least 0", (string text, out long value)
            => Number(text, out value) && value >= 0), standard);

    public static ValueOption<double> NotNegative(string name, string description, double standard)
        => WithDefault<double>(new ValueOption<double>(name, description, "a number of at least 0", (string text, out double value)
            => Number(text, out value) && double.IsFinite(value) && value >= 0), standard);

    /// <summary>One word of a few.</summary>
    public static ValueOption<string> Choice(string name, string description, IEnumerable<string> choices, string standard)
    {
        var all = string.Join(", ", choices);
        return WithDefault(new ValueOption<string>(name, $"{description} ({all})", $"one of {all}", (string text, out string value) =>
        {
            value = text;
            return choices.Contains(text);
        })
        { Words = [.. choices] }, standard);
    }

    /// <summary>Several words of a few, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<string>> Choices(string name, string description, IReadOnlyCollection<string> choices, IReadOnlyList<string> standard)
    {
        var all = string.Join(", ", choices);
        return WithDefault(new ValueOption<ValueList<string>>(name, $"{description} ({all})", $"a comma-separated list of {all}, none twice",
            (string text, out ValueList<string> value) =>
            {
                value = new(text.Split(',', StringSplitOptions.TrimEntries));
                return value.Items.All(choices.Contains) && value.Items.Distinct().Count() == value.Items.Count;
            })
        { Words = choices }, new ValueList<string>(standard));
    }

    /// <summary>Several whole numbers of at least a smallest one, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<int>> WholeList(string name, string description, IReadOnlyList<int> standard, int minimum = 1)
        => List(name, description, $"a comma-separated list of whole numbers of at least {minimum}, none twice",
            (string text, out int number) => Number(text, out number) && number >= minimum, standard);

    /// <summary>Several values with commas between them, none twice.</summary>
    public static ValueOption<ValueList<T>> List<T>(string name, string description, string expected, ValueOption<T>.TryParse parse, IReadOnlyList<T> standard)
        => WithDefault(new ValueOption<ValueList<T>>(name, description, expected, (string text, out ValueList<T> value) =>
        {
            var items = new List<T>();
            value = new(items);
            foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            {
                if (!parse(part, out var item) || items.Contains(item))
                {
                    return false;
                }

                items.Add(item);
            }

            return true;
        }), new ValueList<T>(standard));

    /// <summary>Several numbers above 0, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<double>> PositiveList(string name, string description, IReadOnlyList<double> standard)
        => WithDefault(new ValueOption<ValueList<double>>(name, description, "a comma-separated list of numbers above 0, none twice",
            (string text, out ValueList<double> value) =>
            {
                value = new([.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Number(part, out double number) ? number : double.NaN)]);
                return value.Items.All(number => number > 0 && double.IsFinite(number)) && value.Items.Distinct().Count() == value.Items.Count;
            }), new ValueList<double>(standard));

    public static ValueOption<string?> Text(string name, string description, string expected)
        => new(name, description, expected, (string text, out string? value) =>
        {
            value = text;
            return text.Length > 0;
        });

    public static ValueOption<T> WithDefault<T>(ValueOption<T> option, T standard)
    {
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    private static ValueOption<int> WithDefault(ValueOption<int> option, int? standard)
        => standard is { } value ? WithDefault<int>(option, value) : option;

    private static bool Number<T>(string text, out T value)
        where T : struct, INumber<T>
        => T.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite & ~NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out value);
}

/// <summary>Several values of one option; the help prints them as they are typed.</summary>
/// <typeparam name="T">What each value is.</typeparam>
/// <param name="Items">The values.</param>
internal sealed record ValueList<T>(IReadOnlyList<T> Items)
{
    public override string ToString()
        => string.Join(',', Items.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item}")));
}
