using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace RnnZoo.Cli.Options;

/// <summary>Makes options for the usual kinds of value. Numbers are read the same way in every country.</summary>
internal static class Values
{
    public static ValueOption<int> Whole(string name, string description, int minimum, int standard)
        => Number(name, description, $"a whole number of at least {minimum}", value => value >= minimum, standard);

    public static ValueOption<long> Seed(string name, string description, long standard)
        => Number(name, description, "a whole number of at least 0", value => value >= 0, standard);

    public static ValueOption<double> NotNegative(string name, string description, double standard)
        => Number(name, description, "a number of at least 0", value => value >= 0, standard);

    /// <summary>A finite number.</summary>
    public static ValueOption<T> Number<T>(string name, string description, string expected, Func<T, bool> fits, T standard)
        where T : struct, INumber<T>
        => new(name, description, expected, (string text, out T value) => TryParse(text, out value) && fits(value)) { DefaultValueFactory = _ => standard };

    /// <summary>A finite number, or null for none.</summary>
    public static ValueOption<T?> Optional<T>(string name, string description, string expected, Func<T, bool> fits)
        where T : struct, INumber<T>
        => new(name, description, expected, (string text, out T? value) =>
        {
            var isRead = TryParse(text, out T number) && fits(number);
            value = number;
            return isRead;
        });

    /// <summary>A text that fits, or any that is not empty; null for none.</summary>
    public static ValueOption<string?> Text(string name, string description, string expected, Func<string, bool>? fits = null)
        => new(name, description, expected, (string text, out string? value) =>
        {
            value = text;
            return fits?.Invoke(text) ?? text.Length > 0;
        });

    /// <summary>One word of a few.</summary>
    public static ValueOption<string> Choice(string name, string description, IEnumerable<string> choices, string standard)
    {
        var all = string.Join(", ", choices);
        return new(name, $"{description} ({all})", $"one of {all}", OneOf(choices)) { Words = [.. choices], DefaultValueFactory = _ => standard };
    }

    /// <summary>Several words of a few, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<string>> Choices(string name, string description, IReadOnlyCollection<string> choices, IReadOnlyList<string> standard)
    {
        var all = string.Join(", ", choices);
        return List(name, $"{description} ({all})", $"a comma-separated list of {all}, none twice", OneOf(choices), standard, choices);
    }

    /// <summary>Several whole numbers from a smallest one to a largest one, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<int>> WholeList(string name, string description, IReadOnlyList<int> standard, int minimum = 1, int maximum = int.MaxValue)
        => List(name, description, $"a comma-separated list of whole numbers {(maximum == int.MaxValue ? $"of at least {minimum}" : $"from {minimum} to {maximum}")}, none twice",
            (string text, out int number) => TryParse(text, out number) && number >= minimum && number <= maximum, standard);

    /// <summary>Several numbers above 0, with commas between them, none twice.</summary>
    public static ValueOption<ValueList<double>> PositiveList(string name, string description, IReadOnlyList<double> standard)
        => List(name, description, "a comma-separated list of numbers above 0, none twice",
            (string text, out double number) => TryParse(text, out number) && number > 0, standard);

    /// <summary>Several values with commas between them, none twice.</summary>
    public static ValueOption<ValueList<T>> List<T>(
        string name, string description, string expected, ValueOption<T>.TryParse parse, IReadOnlyList<T> standard, params IReadOnlyCollection<string> words)
        => new(name, description, expected, (string text, out ValueList<T> value) =>
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
        })
        { Words = words, DefaultValueFactory = _ => new(standard) };

    /// <summary>Something to do or to leave.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>Whether results are for programs.</summary>
    public static Option<bool> Json() => Flag("--json", "Print the results as one JSON document, and nothing else, on standard output");

    /// <summary>The folder of a run.</summary>
    /// <param name="run">What a new folder is called, after the time.</param>
    public static ValueOption<string?> Output(string run)
        => Text("--output", $"The folder to write into, replacing earlier results there; by default a new one, runs/<time>-{run}", "a folder");

    private static ValueOption<string>.TryParse OneOf(IEnumerable<string> choices) => (string text, out string value) =>
    {
        value = text;
        return choices.Contains(text);
    };

    /// <summary>Reads a finite number.</summary>
    public static bool TryParse<T>(string text, out T value)
        where T : struct, INumber<T>
        => T.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite & ~NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out value) && T.IsFinite(value);
}

/// <summary>Several values of one option; the help prints them as they are typed.</summary>
/// <typeparam name="T">What each value is.</typeparam>
/// <param name="Items">The values.</param>
internal sealed record ValueList<T>(IReadOnlyList<T> Items)
{
    public override string ToString()
        => string.Join(',', Items.Select(item => $"{item}"));
}

/// <summary>An option with a value, whose errors name the option, what was expected and what came.</summary>
/// <typeparam name="T">What the value is.</typeparam>
internal sealed class ValueOption<T> : Option<T>, IExpecting
{
    /// <summary>Makes an option.</summary>
    /// <param name="name">Its name, dashes included.</param>
    /// <param name="description">What it does.</param>
    /// <param name="expected">What its value must be.</param>
    /// <param name="parse">Reads a value; false if it is not what is expected.</param>
    public ValueOption(string name, string description, string expected, TryParse parse)
        : base(name)
    {
        Description = description;
        Expected = expected;
        HelpName = "value";
        Arity = ArgumentArity.ExactlyOne;
        CustomParser = result => Parse(result, parse);
    }

    public delegate bool TryParse(string text, out T value);

    public string Expected { get; }

    /// <summary>The words that a value is made of, if it is made of words: an error names the one that was probably meant.</summary>
    public IReadOnlyCollection<string> Words { get; init; } = [];

    private T? Parse(ArgumentResult result, TryParse parse)
    {
        var text = result.Tokens[^1].Value;
        if (parse(text, out var value))
        {
            return value;
        }

        var meant = text.Split([',', '+', '='], StringSplitOptions.TrimEntries).Where(part => !Words.Contains(part))
            .Select(part => Nearest.To(part, Words)).FirstOrDefault(word => word is not null);
        result.AddError($"{Name}: expected {Expected}, got '{text}'{(meant is null ? "." : $"; did you mean {meant}?")}");
        return default;
    }
}

/// <summary>An option that can say what its value must be.</summary>
internal interface IExpecting
{
    /// <summary>What is expected, such as "a whole number of at least 1".</summary>
    string Expected { get; }
}
