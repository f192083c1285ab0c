using RnnZoo.Tasks;

namespace RnnZoo.Cli.Commands;

/// <summary>A task as `compare` offers it: what makes it longer, how commands word it, and what a run does unless told otherwise.</summary>
internal sealed record CompareTask
{
    /// <summary>One of <see cref="SequenceTasks.Names"/>.</summary>
    public required string Name { get; init; }

    /// <summary>What the nets are asked to do, for the help.</summary>
    public required string Purpose { get; init; }

    /// <summary>The title of its picture.</summary>
    public required string Title { get; init; }

    /// <summary>The word for its size in tables and files: delay or length. The option is its plural.</summary>
    public required string SizeName { get; init; }

    /// <summary>What the option says.</summary>
    public required string SizeMeaning { get; init; }

    /// <summary>The word on the vertical axis for the metric.</summary>
    public required string MetricTitle { get; init; }

    public required IReadOnlyList<int> Sizes { get; init; }

    public required int Hidden { get; init; }

    public required int Steps { get; init; }

    public required double Clip { get; init; }

    /// <summary>A net stops before the step limit only when its metric is this good.</summary>
    public required double StopAt { get; init; }

    /// <summary>The smallest size that the task takes.</summary>
    public int LeastSize { get; init; } = 1;

    /// <summary>Each net's learning rate and initialisation, with Adam; the better ones of a small search.</summary>
    public required IReadOnlyDictionary<string, CompareStart> Starts { get; init; }

    public int Batch => 64;

    /// <summary>The task's one setting that grows: delay, maxDelay or length.</summary>
    public string SizeSetting => SequenceTasks.SettingsOf(Name)[0].Name;

    /// <summary>Whether the task lets one choose how many symbols there are.</summary>
    public bool HasSymbols => SequenceTasks.SettingsOf(Name).Any(setting => setting.Name == CompareDefaults.SymbolsSetting);

    /// <summary>Where a net starts that has no entry: the net's own initialisation and a moderate rate.</summary>
    public CompareStart StartOf(string model) => Starts.GetValueOrDefault(model) ?? new CompareStart(1e-3, model == "irnn" ? "irnn" : "default");

    public ISequenceTask Create(int size, int symbols)
    {
        var settings = new Dictionary<string, long> { [SizeSetting] = size };
        if (HasSymbols)
        {
            settings[CompareDefaults.SymbolsSetting] = symbols;
        }

        return SequenceTasks.Create(Name, settings);
    }
}
