using System.Globalization;

namespace RnnZoo.Cli.Options;

/// <summary>Several values of one option; the help prints them as they are typed.</summary>
/// <typeparam name="T">What each value is.</typeparam>
/// <param name="Items">The values.</param>
internal sealed record ValueList<T>(IReadOnlyList<T> Items)
{
    public override string ToString()
        => string.Join(',', Items.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item}")));
}
