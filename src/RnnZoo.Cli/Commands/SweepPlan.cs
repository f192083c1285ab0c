using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>What a sweep trains: every net on every task at every length, learning rate and seed. docs/sweep.md says what each field is.</summary>
internal sealed record SweepPlan
{
    private const int MostCells = 100_000;

    public required int Format { get; init; }

    public required IReadOnlyList<string> Nets { get; init; }

    public required int Hidden { get; init; }

    public required int BatchSize { get; init; }

    public required IReadOnlyList<double> LearningRates { get; init; }

    public required IReadOnlyList<long> Seeds { get; init; }

    public required IReadOnlyList<SweepTask> Tasks { get; init; }

    /// <summary>All trainings, in the plan's order; their places number them.</summary>
    public IReadOnlyList<SweepCell> Cells() =>
        [.. from task in Tasks
            from length in task.Lengths
            from net in Nets
            from rate in RatesOf(task, net)
            from seed in task.Seeds ?? Seeds
            select new SweepCell(this, task, length, net, rate, seed)];

    /// <summary>What tells one plan's results from another's: the SHA-256 of all that it says and of the bytes of its files, wherever these lie.</summary>
    public string Hash()
    {
        var bare = WithData(data => new SweepData("", data.Sha256));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ManifestJson.Write(bare))));
    }

    /// <summary>Reads a plan; paths in it begin where it lies.</summary>
    /// <exception cref="InvalidDataException">It is none; the message names the field.</exception>
    public static SweepPlan Read(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return ManifestJson.Read<SweepPlan>(file, plan => plan.Validate()).WithData(data => data with { Folder = folder });
    }

    /// <summary>The plan with the hashes of its files.</summary>
    /// <param name="file">Where it was read, for messages.</param>
    /// <exception cref="InvalidDataException">A file is missing, damaged or another one; the message names the field.</exception>
    public SweepPlan WithHashes(string file) => this with { Tasks = [.. Tasks.Select((task, index) => task.WithHash($"{file}: tasks[{index}]"))] };

    /// <summary>The plan as it reads in another folder: what its paths say from where it lies, they say from there.</summary>
    public SweepPlan In(string folder) => WithData(data => data with { Path = Path.IsPathRooted(data.Path) ? data.Path : Path.GetRelativePath(folder, data.File), Folder = folder });

    private SweepPlan WithData(Func<SweepData, SweepData> change) => this with { Tasks = [.. Tasks.Select(task => task with { Data = task.Data is { } data ? change(data) : null })] };

    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    public void Validate()
    {
        Check.That(Format == 1, "format", "1", Format);
        OfEach("nets", Nets, "nets", net => Check.That(RecurrentNets.Names.Contains(net), "nets", $"one of {string.Join(", ", RecurrentNets.Names)}", net));
        Check.That(Hidden >= 1, "hidden", "at least 1", Hidden);
        Check.That(BatchSize >= 1, "batchSize", "at least 1", BatchSize);
        Rates("learningRates", LearningRates);
        SeedsOf("seeds", Seeds);
        OfEach("tasks", Tasks, "tasks", _ => { });
        foreach (var (task, index) in Tasks.Select((task, index) => (task, index)))
        {
            Check.Within($"tasks[{index}]", () => task.Validate(this));
        }

        var count = Tasks.Sum(task => (double)task.Lengths.Count * (task.Seeds ?? Seeds).Count * Nets.Sum(net => RatesOf(task, net).Count));
        Check.That(count <= MostCells, "tasks", $"at most {MostCells} trainings in all", count);
        var names = Cells().Select(cell => cell.Name).ToArray();
        var twice = names.CountBy(name => name).FirstOrDefault(count => count.Value > 1).Key;
        Check.That(twice is null, "tasks", "a label of its own for each of two tasks with the same name and length", twice);
    }

    private IReadOnlyList<double> RatesOf(SweepTask task, string net) => task.StartOf(net).LearningRates ?? task.LearningRates ?? LearningRates;

    internal static void Rates(string name, IReadOnlyList<double>? rates)
    {
        if (rates is not null)
        {
            OfEach(name, rates, "rates", rate => Check.That(rate > 0, name, "rates above 0", rate));
        }
    }

    internal static void SeedsOf(string name, IReadOnlyList<long>? seeds)
    {
        if (seeds is not null)
        {
            OfEach(name, seeds, "seeds", seed => Check.That(seed >= 0, name, "seeds of at least 0", seed));
        }
    }

    internal static void OfEach<T>(string name, IReadOnlyList<T> items, string what, Action<T> check)
    {
        Check.That(items.Count > 0 && items.Distinct().Count() == items.Count, name, $"one or more {what}, none twice", string.Join(", ", items));
        foreach (var item in items)
        {
            check(item);
        }
    }
}

/// <summary>A task of a plan, at its lengths.</summary>
internal sealed record SweepTask
{
    /// <summary>The name of a character model's training among those of tasks; its lengths are those of chunks.</summary>
    public const string Characters = "characters";

    private const double HeldOutShare = 0.05;
    private const int MeasureSequences = 2_000;
    private const int LongestTitle = 100; // it begins the names of files

    public required string Name { get; init; }

    /// <summary>What tables and files call it; null for its name.</summary>
    public string? Label { get; init; }

    /// <summary>Values of the task's first setting.</summary>
    public required IReadOnlyList<int> Lengths { get; init; }

    /// <summary>Its other settings.</summary>
    public IReadOnlyDictionary<string, long> Settings { get; init; } = new Dictionary<string, long>();

    public SweepData? Data { get; init; }

    /// <summary>The budget of each training; of a net's own if its start says one.</summary>
    public required int Steps { get; init; }

    /// <summary>Where the metric counts as solved, and training ends; null never.</summary>
    public double? StopAt { get; init; }

    public double? ClipNorm { get; init; } = 1;

    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    public int? BatchSize { get; init; }

    public IReadOnlyList<double>? LearningRates { get; init; }

    public IReadOnlyList<long>? Seeds { get; init; }

    public IReadOnlyDictionary<string, SweepStart> Starts { get; init; } = new Dictionary<string, SweepStart>();

    internal string Title => Label ?? Name;

    internal SweepStart StartOf(string net) => Starts.GetValueOrDefault(net) ?? new SweepStart();

    /// <summary>How a net starts; null where that is not a matter of choice.</summary>
    internal string? InitialisationOf(string net) => Name == Characters ? null : StartOf(net).Initialisation ?? RecurrentNets.Named(net).Starts[0];

    private bool ReadsFiles => Name == Characters || SequenceTasks.ReadsFiles(Name);

    internal void Validate(SweepPlan plan)
    {
        Check.That(Name == Characters || SequenceTasks.Names.Contains(Name), "name", $"one of {string.Join(", ", SequenceTasks.Names)}, {Characters}", Name);
        Check.That(Title.Length is > 0 and <= LongestTitle && Title.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.'), "label", $"1 to {LongestTitle} lower-case letters, digits, dots and hyphens", Title);
        SweepPlan.OfEach("lengths", Lengths, "lengths", length => Check.That(length >= 1, "lengths", "lengths of at least 1", length));
        Check.That(ReadsFiles == Data is not null, "data", ReadsFiles ? $"the path of the files of '{Name}'" : $"none for '{Name}'", Data?.Path);
        SweepPlan.Rates("learningRates", LearningRates);
        SweepPlan.SeedsOf("seeds", Seeds);
        Check.That(Name != Characters || (Settings.Count == 0 && StopAt is null), Settings.Count > 0 ? "settings" : "stopAt", $"none for '{Characters}'", Settings.Count > 0 ? string.Join(", ", Settings.Keys) : StopAt);
        foreach (var (net, start) in Starts)
        {
            Check.That(start is not null, $"starts.{net}", "an object", start);
            Check.That(plan.Nets.Contains(net), "starts", $"nets of the plan ({string.Join(", ", plan.Nets)})", net);
            SweepPlan.Rates($"starts.{net}.learningRates", start.LearningRates);
            Check.That(start.Steps is null or >= 1, $"starts.{net}.steps", "at least 1", start.Steps);
            Check.That(start.Settings is null || Name != Characters, $"starts.{net}.settings", $"none for '{Characters}'", start.Settings is null ? null : string.Join(", ", start.Settings.Keys));
            Check.Within($"starts.{net}", new NetRecipe(net, 1) { Settings = start.Settings }.Validate);
            Check.That(start.Initialisation is null || (Name != Characters && RecurrentNets.Named(net).Fits(start.Initialisation)), $"starts.{net}.initialisation", Name == Characters ? $"none for '{Characters}'" : $"one that fits {net} ({string.Join(", ", RecurrentNets.Named(net).Starts)}), joined by +", start.Initialisation);
        }

        Check.That(Steps >= 1, "steps", "at least 1", Steps);
        Check.That(BatchSize is null or >= 1, "batchSize", "at least 1", BatchSize);
        Check.That(ClipNorm is null or > 0, "clipNorm", "above 0, or null for no clipping", ClipNorm);
        if (!ReadsFiles)
        {
            foreach (var length in Lengths)
            {
                CheckStop(Pose(length).Metric);
            }
        }
    }

    /// <summary>The task with the hash of its data, if it has some.</summary>
    internal SweepTask WithHash(string field)
    {
        if (Data is null)
        {
            return this;
        }

        try
        {
            var sha256 = HashOfFiles();
            return Data.Sha256 is { } wanted && wanted != sha256
                ? throw new InvalidDataException($"expected data with the SHA-256 {wanted}, got '{Data.File}' with {sha256}{Data.HowToGet}")
                : this with { Data = Data with { Sha256 = sha256 } };
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidDataException($"{field}: data: {problem.Message.Split(" (Parameter ")[0]}", problem);
        }
    }

    private string HashOfFiles()
    {
        if (Name == Characters)
        {
            return TrainingText.HashOf(TextFile());
        }

        SequentialImageTask[] tasks = [.. Lengths.Select(length => (SequentialImageTask)Pose(length))];
        CheckStop(tasks[0].Metric);
        return tasks[0].Sha256;
    }

    private string TextFile() => File.Exists(Data!.File) ? Data.File : throw new InvalidDataException($"expected a text, got '{Data.File}', which is no file{Data.HowToGet}");

    private void CheckStop(TaskMetric metric) =>
        Check.That(StopAt is not { } wanted || (wanted > 0 && metric.Reaches(metric.Best, wanted)), "stopAt", $"above 0, and at {(metric.MoreIsBetter ? "most" : "least")} {metric.Best}, the best {metric.Name} there is", StopAt);

    private ISequenceTask Pose(int length) => SequenceTasks.Of(
        Name, new Dictionary<string, long>(Settings) { [SequenceTasks.SettingsOf(Name)[0].Name] = length }, Data is null ? null : new ImageFiles(Data.File) { Source = Data.Source });

    /// <summary>The recipe of one training; reads the files of a task that has some.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, or not the plan's.</exception>
    internal ModelRecipe RecipeOf(SweepCell cell)
    {
        if (Name == Characters)
        {
            return new CharacterRecipe
            {
                Text = new TextRecipe(Path.GetFileName(TextFile()), Data!.Source ?? Data.Path, Data.Sha256!),
                HeldOutShare = HeldOutShare,
                Net = new CharacterModelShape { Cell = cell.Net, Hidden = cell.Plan.Hidden },
                Training = new CharacterTrainingOptions(
                    cell.Steps, cell.BatchSize, cell.Length, LearningRate: cell.LearningRate, Schedule: Schedule, ClipNorm: ClipNorm, ValidateEvery: cell.Steps, CheckpointEvery: cell.Steps),
                Seeds = [cell.Seed],
                CommittedSeed = cell.Seed,
            };
        }

        var task = Pose(cell.Length);
        if (task is SequentialImageTask images && images.Sha256 != Data!.Sha256)
        {
            throw new InvalidDataException($"{Data.File}: expected the plan's images with the SHA-256 {Data.Sha256}, got {images.Sha256}{Data.HowToGet}");
        }

        return new SequenceRecipe
        {
            Task = task,
            Net = new NetRecipe(cell.Net, cell.Plan.Hidden) { Settings = StartOf(cell.Net).Settings },
            Initialisation = InitialisationOf(cell.Net)!,
            Stages = [new TrainingStage { Training = new TrainingOptions { Steps = cell.Steps, BatchSize = cell.BatchSize, LearningRate = cell.LearningRate, Schedule = Schedule, ClipNorm = ClipNorm, StopAtMetric = StopAt } }],
            MeasureSequences = MeasureSequences,
            Seeds = [cell.Seed],
            CommittedSeed = cell.Seed,
        };
    }
}

/// <summary>How a net starts on a task, and how many steps it gets.</summary>
/// <param name="Initialisation">As <c>compare --init</c> takes it; null for the net's own.</param>
/// <param name="LearningRates">Null for those of the task, or of the plan.</param>
/// <param name="Steps">Null for the task's.</param>
internal sealed record SweepStart(string? Initialisation = null, IReadOnlyList<double>? LearningRates = null, int? Steps = null)
{
    /// <summary>Constants of its equations, as an LEM's <c>timeStep</c>; null for the usual ones.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Settings { get; init; }
}

/// <summary>Files that a task reads.</summary>
/// <param name="Path">The folder of images, or the text; from where the plan lies.</param>
/// <param name="Sha256">Of the text's bytes, or of what the image files hold; filled in where it is left out.</param>
/// <param name="Source">How to get them, in words.</param>
internal sealed record SweepData(string Path, string? Sha256 = null, string? Source = null)
{
    /// <summary>Where the plan lies.</summary>
    internal string Folder { get; init; } = "";

    internal string File => System.IO.Path.GetFullPath(System.IO.Path.Combine(Folder, Path));

    /// <summary>The end of a message.</summary>
    public string HowToGet => Source is null ? "." : $". To get it: {Source}";
}

/// <summary>One training of a sweep.</summary>
internal sealed record SweepCell(SweepPlan Plan, SweepTask Task, int Length, string Net, double LearningRate, long Seed)
{
    /// <summary>Names its result; the same in every plan.</summary>
    public string Name { get; } = FormattableString.Invariant($"{Task.Title}-{Length}-{Net}-lr{LearningRate}-seed{Seed}");

    /// <summary>Its budget.</summary>
    public int Steps => Task.StartOf(Net).Steps ?? Task.Steps;

    public int BatchSize => Task.BatchSize ?? Plan.BatchSize;
}
