using RnnZoo.Modules;
using RnnZoo.Tasks;

namespace RnnZoo.Cli.Commands;

/// <summary>The one place for how each task is compared by default; docs/compare.md tells the searches behind the numbers.</summary>
internal static class CompareTasks
{
    public static CompareTask Copy { get; } = new(
        Name: "copy",
        Title: "The copy task",
        Purpose: "Trains nets to repeat symbols after a delay, and measures for how long each can remember.",
        SizeName: "delay",
        SizeMeaning: "For how many steps to remember",
        MetricTitle: "share of symbols recalled",
        Sizes: [10, 20, 50],
        Hidden: 128,
        Steps: 3_000,
        Clip: 0.25,
        StopAt: 0.995,
        GatedStart: "orthogonal+chrono:3+one-hot",
        Starts: new Dictionary<string, CompareStart>
        {
            ["vanilla"] = new(1e-3, "identity"),
            ["lstm"] = new(2e-2, "orthogonal+chrono:3+one-hot"),
            ["orthogonal"] = new(2e-3, "default"),
        });

    private static CompareTask VariableCopy { get; } = Copy with
    {
        Name = "copy-variable",
        Title = "Copy with a variable delay",
        Purpose = "Trains nets to repeat symbols when a marker asks for them, after a delay from 1 step to a longest one.",
        SizeMeaning = "The longest delay, in steps",
        Sizes = [10, 20],
    };

    private static CompareTask SelectiveCopy { get; } = Copy with
    {
        Name = "selective-copy",
        Title = "Selective copy",
        Purpose = "Trains nets to repeat symbols that lie at random places among blanks.",
        SizeMeaning = "How many blanks lie among the symbols",
    };

    private static CompareTask Adding { get; } = new(
        Name: "adding",
        Title: "The adding problem",
        Purpose: "Trains nets to add the two numbers of a long sequence that were marked.",
        SizeName: "length",
        SizeMeaning: "The steps of a sequence",
        LeastSize: 2,
        MetricTitle: "mean squared error",
        Sizes: [50, 100, 200],
        Hidden: 64,
        Steps: 1_500,
        Clip: 1,
        StopAt: 0.001,
        GatedStart: "orthogonal+chrono",
        Starts: new Dictionary<string, CompareStart>
        {
            ["vanilla"] = new(1e-3, "orthogonal"),
            ["gru"] = new(5e-3, "orthogonal+chrono"),
        });

    private static CompareTask TemporalOrder { get; } = Adding with
    {
        Name = "temporal-order",
        Title = "Temporal order",
        Purpose = "Trains nets to tell in which order two symbols came, far apart among distractors.",
        LeastSize = 10,
        MetricTitle = "share of sequences classified right",
        Steps = 1_000,
        StopAt = 0.995,
        Starts = new Dictionary<string, CompareStart>
        {
            ["vanilla"] = new(1e-3, "orthogonal"),
            ["lstm"] = new(5e-3, "orthogonal+chrono"),
            ["gru"] = new(5e-3, "orthogonal+chrono"),
            ["layernorm-lstm"] = new(5e-3, "orthogonal+chrono"),
        },
    };

    private static CompareTask Parity { get; } = TemporalOrder with
    {
        Name = "parity",
        Title = "Running parity",
        Purpose = "Trains nets to tell after every bit whether the count of ones so far is odd.",
        LeastSize = 1,
        MetricTitle = "share of answers that are right",
        Sizes = [10, 50, 200],
        Starts = new Dictionary<string, CompareStart>
        {
            ["vanilla"] = new(1e-3, "orthogonal+one-hot"),
        },
        GatedStart = "orthogonal+one-hot",
    };

    private static CompareTask Images { get; } = TemporalOrder with
    {
        Name = "images",
        Title = "Sequential images",
        Purpose = "Trains nets to tell what an image shows that is read row by row or pixel by pixel; measured on the test images.",
        LeastSize = 1,
        SizeMeaning = "The steps that an image is read in: its rows, or its pixels",
        MetricTitle = "share of test images classified right",
        Sizes = [28],
        Hidden = 128,
        Steps = 3_000,
        StopAt = null,
        Starts = new Dictionary<string, CompareStart>
        {
            ["vanilla"] = new(1e-3, "orthogonal"),
            ["lstm"] = new(5e-3, "orthogonal+forget-bias"),
            ["gru"] = new(5e-3, "orthogonal"),
            ["layernorm-lstm"] = new(5e-3, "default"), // without biases black pixels leave its state at 0, where gradients overflow
        },
        GatedStart = "orthogonal",
    };

    /// <summary>Every task, in the order of <see cref="SequenceTasks.Names"/>.</summary>
    public static IReadOnlyList<CompareTask> All { get; } = [Copy, VariableCopy, SelectiveCopy, Adding, TemporalOrder, Parity, Images];
}

/// <summary>A task as `compare` offers it: what makes it longer, how commands word it, and what a run does unless told otherwise.</summary>
/// <param name="Name">One of <see cref="SequenceTasks.Names"/>.</param>
/// <param name="Purpose">What the nets are asked to do, for the help.</param>
/// <param name="Title">The title of its picture.</param>
/// <param name="SizeName">The word for its size in tables and files: delay or length. The option is its plural.</param>
/// <param name="SizeMeaning">What the option says.</param>
/// <param name="MetricTitle">The word on the vertical axis for the metric.</param>
/// <param name="Sizes">The sizes that are compared.</param>
/// <param name="Hidden">The hidden size of each net.</param>
/// <param name="Steps">The step limit.</param>
/// <param name="Clip">The largest gradient norm.</param>
/// <param name="StopAt">A net stops before the step limit only when its metric is this good; null if it never does.</param>
/// <param name="GatedStart">The initialisation of a net with gates that keep, as far as it fits; other nets take one-hot of it, on top of their own.</param>
/// <param name="Starts">The learning rate and initialisation of nets that need others, with Adam; the better ones of a small search.</param>
/// <param name="LeastSize">The smallest size that the task takes.</param>
internal sealed record CompareTask(
    string Name, string Purpose, string Title, string SizeName, string SizeMeaning, string MetricTitle, IReadOnlyList<int> Sizes, int Hidden,
    int Steps, double Clip, double? StopAt, string GatedStart, IReadOnlyDictionary<string, CompareStart> Starts, int LeastSize = 1)
{
    private const string SymbolsSetting = "symbols";

    public int Batch => 64;

    /// <summary>Whether the task lets one choose how many symbols there are.</summary>
    public bool HasSymbols => SequenceTasks.SettingsOf(Name).Any(setting => setting.Name == SymbolsSetting);

    /// <summary>Where a net starts: by its entry, or by what the registry knows of it.</summary>
    public CompareStart StartOf(string model)
    {
        var net = RecurrentNets.Named(model);
        string[] parts = [.. GatedStart.Split('+').Where(net.Fits)];
        return Starts.GetValueOrDefault(model) ?? new CompareStart(1e-2, string.Join('+', net.Fits("chrono") && parts.Length > 0 ? parts : [net.Starts[0], .. parts.Where(part => part == "one-hot")]));
    }

    /// <summary>Whether the task reads its sequences from files.</summary>
    public bool ReadsFiles => SequenceTasks.ReadsFiles(Name);

    public ISequenceTask Create(int size, int symbols, string? data)
    {
        var settings = new Dictionary<string, long> { [SequenceTasks.SettingsOf(Name)[0].Name] = size }; // delay, maxDelay or length
        if (HasSymbols)
        {
            settings[SymbolsSetting] = symbols;
        }

        return SequenceTasks.Create(Name, settings, data);
    }
}

/// <summary>Where a net's training starts.</summary>
/// <param name="LearningRate">The learning rate, with Adam.</param>
/// <param name="Initialisation">The name of an initialisation, as <see cref="RnnZoo.Modules.Initialisers.Named"/> reads it.</param>
internal sealed record CompareStart(double LearningRate, string Initialisation);
