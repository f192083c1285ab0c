namespace RnnZoo.Cli.Options;

/// <summary>A command was used wrongly in a way that only shows once its options are seen together.</summary>
/// <param name="message">One line: the option, what was expected, what came.</param>
public sealed class UsageException(string message) : Exception(message);
