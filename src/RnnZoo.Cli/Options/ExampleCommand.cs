using System.CommandLine;

namespace RnnZoo.Cli.Options;

/// <summary>A command whose help ends with an example.</summary>
/// <param name="name">The word that calls it.</param>
/// <param name="description">What it does.</param>
/// <param name="examples">Whole command lines that work, each with a word on what it does.</param>
internal sealed class ExampleCommand(string name, string description, params IReadOnlyList<(string Line, string Meaning)> examples)
    : Command(name, description)
{
    public IReadOnlyList<(string Line, string Meaning)> Examples => examples;
}
