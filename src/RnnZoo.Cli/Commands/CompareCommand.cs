using System.CommandLine;
using System.Text.RegularExpressions;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo compare TASK`: trains several nets on one task, under the same conditions.</summary>
internal sealed class CompareCommand : ExampleCommand
{
    private const int DefaultSymbols = 10;

    private readonly CompareTask _task;

    private readonly ValueOption<ValueList<string>> _models = Values.Choices("--models", "The nets to train", RecurrentNets.Names, ["vanilla", "lstm"]);
    private readonly ValueOption<ValueList<int>> _sizes;
    private readonly ValueOption<int> _hidden;
    private readonly ValueOption<int> _symbols = Values.Whole("--symbols", "How many symbols to remember", 1, DefaultSymbols);
    private readonly ValueOption<string?> _data = Values.Text("--data", "The folder with the IDX files of MNIST's names (train-images-idx3-ubyte and so on), each as it is or as .gz", "a folder");
    private readonly ValueOption<int> _batch;
    private readonly ValueOption<int> _steps;

    private readonly ValueOption<IReadOnlyDictionary<string, string>?> _learningRate = ModelValues.Option(
        "--lr", "The learning rate, for all nets or as in vanilla=1e-3,lstm=1e-2; by default each net's own", "a number above 0",
        text => Values.TryParse(text, out double rate) && rate > 0);

    private readonly ValueOption<string> _optimizer = Values.Choice("--optimizer", "The optimizer", TrainingNames.Optimizers.Keys, "adam");

    private readonly ValueOption<string> _schedule = Values.Choice(
        "--schedule", "How the learning rate changes on the way to the step limit", TrainingNames.Schedules.Keys, "cosine");

    private readonly ValueOption<IReadOnlyDictionary<string, string>?> _init = ModelValues.Option(
        "--init",
        $"The initialisation ({string.Join(", ", RecurrentNets.Starts)}; joined by + they fill on top of each other), for all nets or as in vanilla=identity,lstm=chrono; by default each net's own",
        $"names of {string.Join(", ", RecurrentNets.Starts)}, joined by +",
        Initialisers.IsNamed, RecurrentNets.Starts);

    private readonly ValueOption<double> _clip;
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly ValueOption<int> _threads = Values.Whole("--threads", "How many nets to train at a time; changes no number but the seconds", 1, Environment.ProcessorCount);
    private readonly ValueOption<string> _backward = Values.Choice("--backward", "How gradients are found", TrainingNames.Paths.Keys, "auto");
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output;
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();
    private readonly Option<bool> _tensorBoard = OutputFolder.TensorBoard();

    private CompareCommand(CliHost host, CompareTask task)
        : base(task.Name, task.Purpose, ExamplesOf(task))
    {
        _task = task;
        _sizes = Values.WholeList($"--{task.SizeName}s", task.SizeMeaning, task.Sizes, task.LeastSize);
        _hidden = Values.Whole("--hidden", "The hidden size of each net", 1, task.Hidden);
        _batch = Values.Whole("--batch", "How many fresh sequences each step sees", 1, task.Batch);
        _steps = Values.Whole(
            "--steps", $"The step limit{(task.StopAt is { } wanted ? $"; a net stops before it only once the {task.MetricTitle} reaches {wanted}" : "")}", 1, task.Steps);
        _clip = Values.NotNegative("--clip", "The largest gradient norm; 0 clips nothing", task.Clip);
        _output = Values.Output(task.Name);
        AddOptions(_models, _sizes, _hidden, _batch, _steps, _learningRate, _optimizer, _schedule, _init, _clip, _seed, _threads, _backward, _json, _output, _formats, _tensorBoard);
        if (task.HasSymbols)
        {
            Add(_symbols);
        }

        if (task.ReadsFiles)
        {
            Add(_data);
        }

        SetAction((parsed, cancellation) => Task.FromResult(
            new CompareRun(host, Read(host, parsed), parsed.GetValue(_json), parsed.GetValue(_output), parsed.GetValue(_formats)!.Items, parsed.GetValue(_tensorBoard)).Run(cancellation)));
    }

    /// <summary>`rnnzoo compare`, with a command for each task.</summary>
    public static Command CreateAll(CliHost host)
    {
        var command = new Command("compare", "Trains several recurrent nets on one task, under the same conditions.");
        foreach (var task in CompareTasks.All)
        {
            command.Add(new CompareCommand(host, task));
        }

        return command;
    }

    private static (string Line, string Meaning)[] ExamplesOf(CompareTask task)
    {
        var sizes = $"{string.Join(", ", task.Sizes.SkipLast(1))}{(task.Sizes.Count > 1 ? " and " : "")}{task.Sizes[^1]} steps";
        var (data, others) = task.ReadsFiles ? (" --data /usr/share/datasets/fashion-mnist", "14,28") : ("", $"{Math.Max(5, task.LeastSize)},100");
        return
        [
            ($"rnnzoo compare {task.Name}{data}", $"a vanilla RNN and an LSTM at {task.SizeName}s of {sizes}"),
            ($"rnnzoo compare {task.Name}{data} --models vanilla,lstm,gru --{task.SizeName}s {others} --seed 7 --json > results.json", $"three nets, other {task.SizeName}s, results for programs"),
        ];
    }

    private CompareSettings Read(CliHost host, ParseResult parsed)
    {
        var chosen = parsed.GetValue(_models)!.Items;
        var rates = parsed.GetValue(_learningRate);
        var names = parsed.GetValue(_init);
        rates.CheckChosen(_learningRate.Name, chosen);
        names.CheckChosen(_init.Name, chosen);
        var path = parsed.GetValue(_backward)!;
        var folder = _task.ReadsFiles && parsed.GetValue(_data) is { } data ? Path.GetFullPath(Path.Combine(host.WorkingDirectory, data)) : null;
        if (chosen.FirstOrDefault(model => !BenchPaths.IsOf(path, model)) is { } without)
        {
            throw new UsageException($"{_backward.Name}: expected a path that {without} has, got '{path}'; use auto, or compare other nets.");
        }

        return new CompareSettings(
            Task: _task,
            Models: chosen,
            Sizes: parsed.GetValue(_sizes)!.Items,
            Hidden: parsed.GetValue(_hidden),
            Symbols: _task.HasSymbols ? parsed.GetValue(_symbols) : DefaultSymbols,
            Data: _task.ReadsFiles ? folder ?? throw new UsageException($"{_data.Name}: expected {_data.Expected} with images, got none; Debian's package dataset-fashion-mnist has some.") : null,
            Training: new TrainingOptions
            {
                BatchSize = parsed.GetValue(_batch),
                Steps = parsed.GetValue(_steps),
                Schedule = TrainingNames.Schedules[parsed.GetValue(_schedule)!],
                Optimizer = TrainingNames.Optimizers[parsed.GetValue(_optimizer)!],
                ClipNorm = parsed.GetValue(_clip) is > 0 and var norm ? norm : null,
                StopAtMetric = _task.StopAt,
            },
            Seed: parsed.GetValue(_seed),
            Threads: parsed.GetValue(_threads),
            Backward: TrainingNames.Paths[path],
            LearningRates: chosen.ToDictionary(model => model, model => rates.For(model) is { } text
                ? double.Parse(text)
                : _task.StartOf(model).LearningRate),
            Initialisations: chosen.ToDictionary(model => model, model => InitialisationOf(model, names.For(model))));
    }

    private string InitialisationOf(string model, string? name)
    {
        if (name is not null && !RecurrentNets.Named(model).Fits(name))
        {
            throw new UsageException(
                $"--init: expected one that fits {model} ({string.Join(", ", RecurrentNets.Named(model).Starts)}), got '{name}'; give one per model, as in --init vanilla=orthogonal,lstm=chrono.");
        }

        return name ?? _task.StartOf(model).Initialisation;
    }
}

/// <summary>What to compare: the values of the options, which say what each is, and the rate and the initialisation of each net.</summary>
internal sealed record CompareSettings(
    CompareTask Task, IReadOnlyList<string> Models, IReadOnlyList<int> Sizes, int Hidden, int Symbols, string? Data, TrainingOptions Training, long Seed, int Threads,
    BackwardPath Backward, IReadOnlyDictionary<string, double> LearningRates, IReadOnlyDictionary<string, string> Initialisations);

/// <summary>One comparison from its settings to its files.</summary>
internal sealed class CompareRun(CliHost host, CompareSettings settings, bool json, string? outputFolder, IReadOnlyList<string> formats, bool tensorBoard)
{
    public int Run(CancellationToken cancellation)
    {
        var jobs = CompareJob.CreateAll(settings);
        var folder = OutputFolder.Make(host, outputFolder, settings.Task.Name);
        try
        {
            using var log = new RunLog(Path.Combine(folder, "log.jsonl"));
            if (tensorBoard)
            {
                jobs.ForEach(job => job.Board = OutputFolder.Board(host, folder, NameOf(job)));
            }

            try
            {
                Train(jobs, log, cancellation);
            }
            finally
            {
                WriteFiles(jobs, folder); // a failed run leaves what it got, too
            }

            var files = json ? "" : $": results.json, log.jsonl, {string.Join(", ", formats.Select(format => "chart." + format))}, {(tensorBoard ? "tensorboard/, " : "")}and the weights of each net (*.safetensors)";
            host.Print(json, () => CompareReport.Document(settings, jobs), () => CompareReport.Show(host, settings, jobs), $"Written to {folder}{files}");
        }
        finally
        {
            jobs.ForEach(job => job.Dispose());
        }

        return jobs.Exists(job => job.IsPartial) ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private void WriteFiles(List<CompareJob> jobs, string folder)
    {
        OutputFolder.WriteResults(folder, CompareReport.Document(settings, jobs), CompareCharts.Figure(settings, jobs), formats);
        foreach (var job in jobs)
        {
            job.Net.SaveSafeTensors(Path.Combine(folder, $"{NameOf(job)}.safetensors"));
        }

        DeleteEarlier(folder, [.. jobs.Select(NameOf)]);
    }

    /// <summary>Deletes what an earlier comparison in this folder has left of trainings that are none of this one's.</summary>
    private static void DeleteEarlier(string folder, HashSet<string> names)
    {
        var sizes = string.Join('|', CompareTasks.All.Select(task => task.SizeName).Distinct());
        var name = new Regex($"^({string.Join('|', RecurrentNets.Names.Select(Regex.Escape))})-({sizes})[0-9]+$");
        bool IsEarlier(string training) => name.IsMatch(training) && !names.Contains(training);
        Array.ForEach([.. Directory.EnumerateFiles(folder, "*.safetensors").Where(weights => IsEarlier(Path.GetFileNameWithoutExtension(weights)))], File.Delete);
        Array.ForEach([.. OutputFolder.BoardsIn(folder).Where(board => IsEarlier(Path.GetFileName(board)))], board => Directory.Delete(board, recursive: true));
    }

    private string NameOf(CompareJob job) => $"{job.Model}-{settings.Task.SizeName}{job.Size}";

    /// <summary>Trains all jobs, several at a time.</summary>
    private void Train(List<CompareJob> jobs, RunLog log, CancellationToken cancellation)
    {
        var display = new CompareProgress(host, settings.Task, jobs);
        void Work(CompareJob job, CancellationToken stop)
        {
            var toFile = log.For(job.Task.Metric.Name, (settings.Task.SizeName, job.Size), ("model", job.Model));
            ITrainingObserver[] toBoard = job.Board is { } board ? [board] : [];
            job.Result = new Trainer(job.Net, job.Task, job.Options, [job.Progress, toFile, .. display.ObserversOf(job), .. toBoard]).Run(stop);
        }

        Workers.Run(jobs.OrderByDescending(job => job.Cost), settings.Threads, threadsOfEach: 1, Work, cancellation, host.ErrorIsTerminal ? display.ShowUntil : null);
    }
}

/// <summary>One training of a comparison: a model at one size of the task.</summary>
/// <param name="Size">The delay or the length.</param>
/// <param name="Model">The name of the net.</param>
/// <param name="Task">The task at that size.</param>
/// <param name="Net">The net.</param>
/// <param name="Options">How it is trained.</param>
/// <param name="Initialisation">How it begins.</param>
internal sealed record CompareJob(int Size, string Model, ISequenceTask Task, SequenceModel Net, TrainingOptions Options, string Initialisation) : IDisposable
{
    /// <summary>How many numbers the model learns.</summary>
    public long Parameters { get; } = Net.parameters().Sum(parameter => parameter.numel());

    public JobProgress Progress { get; } = new();

    /// <summary>Its event file for TensorBoard; null if none was asked for.</summary>
    public TensorBoardObserver? Board { get; set; }

    /// <summary>What came of it; until it ends that of a training that was interrupted before its first step.</summary>
    public TrainingResult Result { get; set; } = new(0, StopReason.Cancelled, null, 0);

    /// <summary>Whether it was interrupted.</summary>
    public bool IsPartial => Result.Reason == StopReason.Cancelled;

    /// <summary>How many sequences it is measured on at the end.</summary>
    public long MeasuredSequences => Task.TestSequences > 0 ? Task.TestSequences : Options.FinalSequences;

    /// <summary>How much there is to compute, up to a factor: long jobs are begun first.</summary>
    public double Cost => (double)Task.Length * Parameters;

    /// <summary>
    /// All trainings of a comparison. The models draw their weights from seeds of their own, one after the other, so that
    /// results do not depend on which thread trains what when. At one size all models see the same data.
    /// </summary>
    public static List<CompareJob> CreateAll(CompareSettings settings) =>
        [.. from size in settings.Sizes let task = Pose(settings, size) from model in settings.Models select Create(settings, size, task, model)];

    public void Dispose()
    {
        Board?.Dispose();
        Net.Dispose();
    }

    private static ISequenceTask Pose(CompareSettings settings, int size)
    {
        try
        {
            return settings.Task.Create(size, settings.Symbols, settings.Data);
        }
        catch (ArgumentException problem) // that only the files tell
        {
            throw new UsageException($"--{settings.Task.SizeName}s: {problem.Message.Split(" (Parameter ")[0]}");
        }
    }

    private static CompareJob Create(CompareSettings settings, int size, ISequenceTask task, string model)
    {
        var weightSeed = Seeds.Derive(settings.Seed, $"weights of {model}", size);
        manual_seed(weightSeed);
        var net = SequenceModel.Create(model, task.InputSize, settings.Hidden, task.OutputSize);
        net.Backward = settings.Backward;
        using (var generator = new Generator((ulong)Seeds.Derive(weightSeed, "initialisation")))
        {
            Initialisers.Named(settings.Initialisations[model], task.Length).Apply(net, generator);
        }

        var options = settings.Training with { LearningRate = settings.LearningRates[model], Seed = Seeds.Derive(settings.Seed, "data", size) };
        return new CompareJob(size, model, task, net, options, settings.Initialisations[model]);
    }
}

/// <summary>Reads options that hold one value for all models (`1e-3`) or one for each named (`vanilla=1e-3,lstm=1e-2`).</summary>
internal static class ModelValues
{
    /// <summary>Makes such an option; its value maps models to text, the empty name standing for all.</summary>
    public static ValueOption<IReadOnlyDictionary<string, string>?> Option(string name, string description, string expected, Func<string, bool> isValue, params IEnumerable<string> words)
        => new(name, description, $"{expected}, or one per model as in vanilla=…,lstm=…", (string text, out IReadOnlyDictionary<string, string>? value) =>
        {
            var pairs = text.Split(',', StringSplitOptions.TrimEntries).Select(Pair).ToArray();
            var known = pairs.Length == 1 || pairs.All(pair => pair.Model.Length > 0);
            known &= pairs.All(pair => (pair.Model.Length == 0 || RecurrentNets.Names.Contains(pair.Model)) && isValue(pair.Value));
            known &= pairs.DistinctBy(pair => pair.Model).Count() == pairs.Length;
            value = known ? pairs.ToDictionary(pair => pair.Model, pair => pair.Value) : null;
            return known;
        })
        { Words = [.. RecurrentNets.Names, .. words] };

    /// <summary>Refuses a value for a net that is not among the chosen ones, where it would change nothing.</summary>
    /// <exception cref="UsageException">There is one.</exception>
    public static void CheckChosen(this IReadOnlyDictionary<string, string>? values, string option, IReadOnlyCollection<string> chosen)
    {
        if (values?.Keys.FirstOrDefault(model => model.Length > 0 && !chosen.Contains(model)) is { } other)
        {
            throw new UsageException($"{option}: expected nets of --models ({string.Join(", ", chosen)}), got '{other}'; add it there, or leave it out here.");
        }
    }

    /// <summary>What was said for a model, or for all; null if nothing was.</summary>
    public static string? For(this IReadOnlyDictionary<string, string>? values, string model)
        => values is null ? null : values.TryGetValue(model, out var own) ? own : values.GetValueOrDefault("");

    private static (string Model, string Value) Pair(string text)
        => text.IndexOf('=') is var at and >= 0 ? (text[..at], text[(at + 1)..]) : ("", text);
}
