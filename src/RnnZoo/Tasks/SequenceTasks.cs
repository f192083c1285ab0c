namespace RnnZoo.Tasks;

/// <summary>
/// The one list of tasks by the names that commands and files use. A task made of a name and settings says the same name
/// and settings again, so that files can hold it as text.
/// </summary>
internal static class SequenceTasks
{
    private const int Most = 100_000_000; // steps or symbols: counts of them stay within an int

    private static readonly Entry[] All =
    [
        new("copy", [new("delay", null), new("symbols", 10)], (read, _) => new CopyTask(read("delay"), read("symbols"))),
        new("copy-variable", [new("maxDelay", null), new("minDelay", 1), new("symbols", 10), new("padded", 0)],
            (read, _) => new VariableCopyTask(read("maxDelay"), read("minDelay"), read("symbols"), Flag(read("padded"), "padded"))),
        new("selective-copy", [new("delay", null), new("symbols", 10)], (read, _) => new SelectiveCopyTask(read("delay"), read("symbols"))),
        new("adding", [new("length", null)], (read, _) => new AddingTask(read("length"))),
        new("temporal-order", [new("length", null)], (read, _) => new TemporalOrderTask(read("length"))),
        new("parity", [new("length", null)], (read, _) => new ParityTask(read("length"))),
        new("images", [new("length", null), new("permutation", 0)], (read, files) => new SequentialImageTask(files!, read("length"), read("permutation"))) { ReadsFiles = true },
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    /// <summary>What a task can be told; the first one is what makes it longer.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static IReadOnlyList<TaskSetting> SettingsOf(string name) => Find(name).Settings;

    /// <summary>Whether a task reads its sequences from files.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static bool ReadsFiles(string name) => Find(name).ReadsFiles;

    /// <summary>What a training looks at on its way, in words.</summary>
    public static string DrawnFrom(ISequenceTask task) => task is SequentialImageTask ? "training images" : "fresh sequences"; // who asks need not have the images

    /// <summary>Makes a task.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="settings">Values of its settings; those with a default may be left out.</param>
    /// <param name="data">The folder with its files; null for a task without files.</param>
    /// <returns>The task.</returns>
    /// <exception cref="ArgumentException">The name or a setting is unknown, one is missing, or a value is out of its range; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file is missing, or damaged; the message names it.</exception>
    public static ISequenceTask Create(string name, IReadOnlyDictionary<string, long> settings, string? data = null) => Of(name, settings, data is null ? null : new ImageFiles(data));

    /// <summary>The same of files that may be described, so that they need not be there yet.</summary>
    public static ISequenceTask Of(string name, IReadOnlyDictionary<string, long> settings, ImageFiles? files)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var entry = Find(name);
        foreach (var key in settings.Keys)
        {
            if (!entry.Settings.Any(setting => setting.Name == key))
            {
                throw new ArgumentException($"settings: expected only {Words(entry.Settings.Select(setting => setting.Name))} for '{name}', got '{key}'.");
            }
        }

        if (entry.ReadsFiles != files is not null)
        {
            throw new ArgumentException($"data: expected {(entry.ReadsFiles ? "the folder with the files" : "none")} for '{name}', got {(files is null ? "none" : $"'{files.Path}'")}.");
        }

        return entry.Create(key => Read(entry, key, settings), files);
    }

    /// <summary>A number that a task is posed with, once it is known to be in its range.</summary>
    internal static int Number(int value, int least, string name, string what)
    {
        Check.InRange(value >= least && value <= Most, name, $"{(value < least ? $"at least {least}" : $"at most {Most}")} ({what})", value);
        return value;
    }

    private static Entry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Array.Find(All, entry => entry.Name == name)
            ?? throw new ArgumentException($"name: expected a task ({Words(Names)}), got '{name}'.");
    }

    private static int Read(Entry entry, string key, IReadOnlyDictionary<string, long> settings)
    {
        if (!settings.TryGetValue(key, out var value))
        {
            value = entry.Settings.Single(setting => setting.Name == key).Default
                ?? throw new ArgumentException($"settings: expected '{key}' for '{entry.Name}', got none; give it a whole number.");
        }

        return Fitting(value, key);
    }

    // The task itself says what is too small or too large for it; but it takes an int, and the message the value as it came.
    private static int Fitting(long value, string key)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            return (int)value;
        }

        throw new ArgumentOutOfRangeException(key, value, $"{key}: expected {(value < 0 ? "at least 1" : $"at most {Most}")}, got {value}.");
    }

    // 0 or 1, as files that have numbers alone say no and yes.
    private static bool Flag(long value, string name)
    {
        Check.Between(value, name, 0, 1);
        return value == 1;
    }

    private static string Words(IEnumerable<string> names) => string.Join(", ", names);

    private sealed record Entry(string Name, IReadOnlyList<TaskSetting> Settings, Func<Func<string, int>, ImageFiles?, ISequenceTask> Create)
    {
        public bool ReadsFiles { get; init; }
    }
}

/// <summary>A number that a task is posed with.</summary>
/// <param name="Name">Its name in files and commands, such as <c>delay</c>.</param>
/// <param name="Default">What it is where nothing is said; null where it must be said.</param>
internal sealed record TaskSetting(string Name, long? Default);
