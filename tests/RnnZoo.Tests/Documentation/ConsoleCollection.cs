namespace RnnZoo.Tests.Documentation;

/// <summary>Tests that replace Console.Out for a while: they run while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ConsoleCollection
{
    public const string Name = "console";
}
