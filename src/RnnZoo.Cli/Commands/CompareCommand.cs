using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using RnnZoo.Training;

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

    private CompareCommand(CliHost host, CompareTask task)
        : base(task.Name, task.Purpose, ExamplesOf(task))
    {
        _task = task;
        _sizes = Values.WholeList($"--{task.SizeName}s", task.SizeMeaning, task.Sizes, task.LeastSize);
        _hidden = Values.Whole("--hidden", "The hidden size of each net", 1, task.Hidden);
        _batch = Values.Whole("--batch", "How many fresh sequences each step sees", 1, task.Batch);
        var metric = task.Create(task.Sizes[0], DefaultSymbols).Metric;
        _steps = Values.Whole(
            "--steps", $"The step limit; a net stops before it only once its {metric.Name} reaches {task.StopAt}", 1, task.Steps);
        _clip = Values.NotNegative("--clip", "The largest gradient norm; 0 clips nothing", task.Clip);
        _output = Values.Output(task.Name);
        AddOptions(_models, _sizes, _hidden, _batch, _steps, _learningRate, _optimizer, _schedule, _init, _clip, _seed, _threads, _backward, _json, _output);
        if (task.HasSymbols)
        {
            Add(_symbols);
        }

        SetAction((parsed, cancellation) => Task.FromResult(
            new CompareRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output)).Run(cancellation)));
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
        var sizes = $"{string.Join(", ", task.Sizes.SkipLast(1))} and {task.Sizes[^1]} steps";
        return
        [
            ($"rnnzoo compare {task.Name}", $"a vanilla RNN and an LSTM at {task.SizeName}s of {sizes}"),
            ($"rnnzoo compare {task.Name} --models vanilla,lstm,gru --{task.SizeName}s {Math.Max(5, task.LeastSize)},100 --seed 7 --json > results.json", $"three nets, other {task.SizeName}s, results for programs"),
        ];
    }

    private CompareSettings Read(ParseResult parsed)
    {
        var chosen = parsed.GetValue(_models)!.Items;
        var rates = parsed.GetValue(_learningRate);
        var names = parsed.GetValue(_init);
        rates.CheckChosen(_learningRate.Name, chosen);
        names.CheckChosen(_init.Name, chosen);
        var path = parsed.GetValue(_backward)!;
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

/// <summary>What to compare, and how.</summary>
/// <param name="Task">The task.</param>
/// <param name="Models">The names of the nets.</param>
/// <param name="Sizes">The delays or the lengths.</param>
/// <param name="Hidden">The hidden size of each net.</param>
/// <param name="Symbols">How many symbols there are to remember.</param>
/// <param name="Training">How each net is trained, but for its rate and its seed.</param>
/// <param name="Seed">Where all randomness comes from.</param>
/// <param name="Threads">How many nets are trained at a time.</param>
/// <param name="Backward">How gradients are found.</param>
/// <param name="LearningRates">The learning rate of each model.</param>
/// <param name="Initialisations">The name of each model's initialisation.</param>
internal sealed record CompareSettings(
    CompareTask Task, IReadOnlyList<string> Models, IReadOnlyList<int> Sizes, int Hidden, int Symbols, TrainingOptions Training, long Seed, int Threads,
    BackwardPath Backward, IReadOnlyDictionary<string, double> LearningRates, IReadOnlyDictionary<string, string> Initialisations);
