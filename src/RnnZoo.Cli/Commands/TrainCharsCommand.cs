using System.CommandLine;
using RnnZoo.Characters;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo train chars`: a character model of a text, by truncated backpropagation through time.</summary>
internal sealed class TrainCharsCommand : ExampleCommand
{
    private static readonly CharacterModelShape Shape = new();
    private static readonly CharacterTrainingOptions Training = new();

    private readonly ValueOption<string?> _text = Values.Text("--text", "The text to learn, in UTF-8", "a file");
    private readonly ValueOption<string> _vocabulary = Values.Choice("--vocabulary", "What the model reads and writes", TrainingNames.Vocabularies.Keys, "characters");
    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The net", SequenceModel.Names, Shape.Cell);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "The hidden size", 1, Shape.Hidden);
    private readonly ValueOption<int> _layers = Values.Whole("--layers", "How many layers", 1, Shape.Layers);
    private readonly ValueOption<int> _embedding = Values.Whole("--embedding", "The size of a learned vector for each character; 0 for one-hot vectors", 0, Shape.Embedding);
    private readonly ValueOption<double> _dropout = Values.Number<double>("--dropout", "Dropout between layers", "a number from 0 to below 1", value => value is >= 0 and < 1, Shape.Dropout);
    private readonly ValueOption<int> _streams = Values.Whole("--streams", "Into how many streams, read side by side, the text is cut", 1, Training.Streams);
    private readonly ValueOption<int> _chunk = Values.Whole("--chunk", "How many characters of each stream a step sees, and how far gradients reach back", 1, Training.ChunkLength);
    private readonly Option<bool> _randomLength = Values.Flag("--random-length", "Draw the chunks' lengths at random around --chunk; the learning rate follows the length");
    private readonly ValueOption<int> _steps = Values.Whole("--steps", "The step limit", 1, Training.Steps);
    private readonly ValueOption<string> _optimizer = Values.Choice("--optimizer", "The optimizer", TrainingNames.Optimizers.Keys, "adam");
    private readonly ValueOption<double> _learningRate = Values.Number<double>("--lr", "The learning rate", "a number above 0", value => value > 0, Training.LearningRate);
    private readonly ValueOption<string> _schedule = Values.Choice("--schedule", "How the learning rate changes on the way to the step limit", TrainingNames.Schedules.Keys, "cosine");
    private readonly ValueOption<double> _clip = Values.NotNegative("--clip", "The largest gradient norm; 0 clips nothing", Training.ClipNorm ?? 0);
    private readonly ValueOption<double> _validation = Values.Number<double>("--validation", "Which share of the text, at its end, is held out to measure on", "a number above 0 and below 1", value => value is > 0 and < 1, 0.05);
    private readonly ValueOption<int> _validateEvery = Values.Whole("--validate-every", "After how many steps to measure on the held-out text", 1, Training.ValidateEvery);
    private readonly ValueOption<int> _patience = Values.Whole("--patience", "End after so many measurements without a new best one; 0 never", 0, 0);
    private readonly ValueOption<int> _checkpointEvery = Values.Whole("--checkpoint-every", "After how many steps to write a checkpoint", 1, Training.CheckpointEvery);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly ValueOption<int> _threads = Values.Number(
        "--threads", "How many threads to compute with; another count gives other last digits", $"a whole number from 1 to {ModelRecipe.MostThreads}", value => value is >= 1 and <= ModelRecipe.MostThreads,
        Math.Min(Environment.ProcessorCount, ModelRecipe.MostThreads));
    private readonly Option<bool> _json = Values.Json();
    private readonly Option<bool> _tensorBoard = OutputFolder.TensorBoard();
    private readonly ValueOption<string?> _output = Values.Text(
        "--output", "The folder to write into, replacing an earlier run there; by default a new one, runs/<time>-chars", "a folder");

    private readonly ValueOption<string?> _resume = Values.Text(
        "--resume", "Go on with the run in this folder from its last checkpoint, with its own options; --text if the text was moved, --steps to train further than it was to", "a folder");

    public TrainCharsCommand(CliHost host)
        : base(
            "chars",
            "Trains a character model of a text by truncated backpropagation through time. A run that was stopped or killed goes on to the same weights.",
            ("rnnzoo train chars --text book.txt", "an LSTM of 128 units; then rnnzoo sample writes text"),
            ("rnnzoo train chars --resume runs/2026-01-31T09-30-00-chars", "goes on with a run that was stopped"),
            ("rnnzoo train chars --resume runs/2026-01-31T09-30-00-chars --steps 20000", "trains it further, a finished run too"),
            ("rnnzoo train chars --text book.txt --hidden 256 --patience 5 --json > results.json", "a larger net, an early end, results for programs"))
    {
        AddOptions(
            _text, _vocabulary, _cell, _hidden, _layers, _embedding, _dropout, _streams, _chunk, _randomLength, _steps, _optimizer, _learningRate,
            _schedule, _clip, _validation, _validateEvery, _patience, _checkpointEvery, _seed, _threads, _json, _output, _resume, _tensorBoard);
        SetAction((parsed, cancellation) => Task.FromResult(Run(host, parsed, cancellation)));
    }

    private int Run(CliHost host, ParseResult parsed, CancellationToken cancellation)
    {
        var (json, text, resume) = (parsed.GetValue(_json), parsed.GetValue(_text), parsed.GetValue(_resume));
        var textPath = text is null ? null : Path.GetFullPath(Path.Combine(host.WorkingDirectory, text));
        if (resume is not null)
        {
            Option[] allowed = [_text, _steps, _json, _resume, _tensorBoard];
            var other = parsed.CommandResult.Command.Options.FirstOrDefault(option => !allowed.Contains(option) && IsGiven(parsed, option));
            return other is null
                ? new TrainCharsRun(host, json, parsed.GetValue(_tensorBoard)).Resume(resume, textPath, IsGiven(parsed, _steps) ? parsed.GetValue(_steps) : null, cancellation)
                : throw new UsageException($"{other.Name}: expected none together with --resume, where the run's own options hold; leave one of the two out.");
        }

        return new TrainCharsRun(host, json, parsed.GetValue(_tensorBoard)).Begin(
            Read(parsed, textPath ?? throw new UsageException("--text: expected a file to learn, or --resume with a run to go on with, got neither.")), parsed.GetValue(_output), cancellation);
    }

    private CharacterRecipe Read(ParseResult parsed, string text) => new()
    {
        Text = new TextRecipe(Path.GetFileName(text).ReplaceLineEndings(" "), Source: text, Sha256: ""), // which is known when it is read
        Vocabulary = TrainingNames.Vocabularies[parsed.GetValue(_vocabulary)!],
        HeldOutShare = parsed.GetValue(_validation),
        KeepBest = true,
        Threads = parsed.GetValue(_threads),
        Seeds = [parsed.GetValue(_seed)],
        CommittedSeed = parsed.GetValue(_seed),
        Net = new CharacterModelShape
        {
            Cell = parsed.GetValue(_cell)!,
            Hidden = parsed.GetValue(_hidden),
            Layers = parsed.GetValue(_layers),
            Embedding = parsed.GetValue(_embedding),
            Dropout = parsed.GetValue(_dropout),
        },
        Training = new CharacterTrainingOptions
        {
            Steps = parsed.GetValue(_steps),
            Streams = parsed.GetValue(_streams),
            ChunkLength = parsed.GetValue(_chunk),
            RandomLength = parsed.GetValue(_randomLength),
            Optimizer = TrainingNames.Optimizers[parsed.GetValue(_optimizer)!],
            LearningRate = parsed.GetValue(_learningRate),
            Schedule = TrainingNames.Schedules[parsed.GetValue(_schedule)!],
            ClipNorm = parsed.GetValue(_clip) is > 0 and var norm ? norm : null,
            ValidateEvery = parsed.GetValue(_validateEvery),
            Patience = parsed.GetValue(_patience) is > 0 and var patience ? patience : null,
            CheckpointEvery = parsed.GetValue(_checkpointEvery),
        },
    };
}
