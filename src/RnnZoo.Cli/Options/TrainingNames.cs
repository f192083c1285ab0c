using RnnZoo.Modules;
using RnnZoo.Training;

namespace RnnZoo.Cli.Options;

/// <summary>The words that options and files use: the library's own names in small letters.</summary>
internal static class TrainingNames
{
    public static IReadOnlyDictionary<string, OptimizerKind> Optimizers { get; } = All<OptimizerKind>();

    public static IReadOnlyDictionary<string, LearningRateSchedule> Schedules { get; } = All<LearningRateSchedule>();

    public static IReadOnlyDictionary<string, BackwardPath> Paths { get; } = All<BackwardPath>();

    public static string Of(Enum value) => value.ToString().ToLowerInvariant();

    private static Dictionary<string, T> All<T>()
        where T : struct, Enum
        => Enum.GetValues<T>().ToDictionary(value => Of(value));
}
