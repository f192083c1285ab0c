namespace RnnZoo.Cli.Options;

/// <summary>An option that can say what its value must be.</summary>
internal interface IExpecting
{
    /// <summary>What is expected, such as "a whole number of at least 1".</summary>
    string Expected { get; }
}
