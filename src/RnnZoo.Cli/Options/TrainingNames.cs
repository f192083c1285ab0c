using RnnZoo.Modules;
using RnnZoo.Training;

namespace RnnZoo.Cli.Options;

/// <summary>The words that options and files use.</summary>
internal static class TrainingNames
{
    public static IReadOnlyDictionary<string, OptimizerKind> Optimizers { get; } = new Dictionary<string, OptimizerKind>
    {
        ["adam"] = OptimizerKind.Adam,
        ["adamw"] = OptimizerKind.AdamW,
        ["rmsprop"] = OptimizerKind.RmsProp,
        ["sgd"] = OptimizerKind.Sgd,
    };

    public static IReadOnlyDictionary<string, LearningRateSchedule> Schedules { get; } = new Dictionary<string, LearningRateSchedule>
    {
        ["constant"] = LearningRateSchedule.Constant,
        ["cosine"] = LearningRateSchedule.Cosine,
    };

    public static IReadOnlyDictionary<string, BackwardPath> Paths { get; } = new Dictionary<string, BackwardPath>
    {
        ["auto"] = BackwardPath.Auto,
        ["autograd"] = BackwardPath.Autograd,
        ["native"] = BackwardPath.Native,
        ["handwritten"] = BackwardPath.HandWritten,
    };

    public static string Of(OptimizerKind kind) => Optimizers.Single(pair => pair.Value == kind).Key;

    public static string Of(LearningRateSchedule schedule) => Schedules.Single(pair => pair.Value == schedule).Key;

    public static string Of(BackwardPath path) => Paths.Single(pair => pair.Value == path).Key;
}
