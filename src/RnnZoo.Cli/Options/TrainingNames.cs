using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Training;

namespace RnnZoo.Cli.Options;

/// <summary>The words that options and files use: the library's own names in small letters.</summary>
internal static class TrainingNames
{
    public static IReadOnlyDictionary<string, OptimizerKind> Optimizers { get; } = Named(Enum.GetValues<OptimizerKind>());

    public static IReadOnlyDictionary<string, LearningRateSchedule> Schedules { get; } = Named(Enum.GetValues<LearningRateSchedule>());

    public static IReadOnlyDictionary<string, BackwardPath> Paths { get; } = Named(BackwardPath.Auto, BackwardPath.Autograd, BackwardPath.Native, BackwardPath.HandWritten);

    public static IReadOnlyDictionary<string, VocabularyKind> Vocabularies { get; } = Named(VocabularyKind.Characters, VocabularyKind.Bytes);

    public static string Of(Enum value) => value.ToString().ToLowerInvariant();

    private static Dictionary<string, T> Named<T>(params IEnumerable<T> values)
        where T : struct, Enum
        => values.ToDictionary(value => Of(value));
}
