using System.CommandLine;
using System.CommandLine.Parsing;

namespace RnnZoo.Cli.Options;

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
