namespace RnnZoo.Tasks;

/// <summary>A number that a task is posed with.</summary>
/// <param name="Name">Its name in files and commands, such as <c>delay</c>.</param>
/// <param name="Default">What it is where nothing is said; null where it must be said.</param>
public sealed record TaskSetting(string Name, long? Default);
