using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo tbptt`: what truncated backpropagation through time saves, and what it costs.</summary>
internal sealed class TbpttCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _chunks = Values.List<string>(
        "--k", "The chunk lengths to measure: 35 for chunks of 35 steps, random-35 for lengths around it, unbiased-35 for cuts by chance with weighed gradients, online-35 for gradients that go on where a chunk starts; full for the whole stream at once", "a comma-separated list of whole numbers of at least 1, also behind random-, unbiased- or online-, or full, none twice",
        ReadWay, ["1", "5", "10", "35", "100", "random-35", "unbiased-35", "online-35", Way.Full.Name]);

    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of the net", RecurrentNets.Names, "lstm");
    private readonly ValueOption<int> _length = Values.Whole("--length", "T: the steps of the measured stream; full takes about 0.15 MB for each step", 1, 10_000);
    private readonly ValueOption<int> _batch = Values.Whole("--batch", "B: how many streams side by side", 1, 20);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "H: the hidden size of the measured net", 1, 128);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "How many steps lie between a cue and the question for it", 1, 20);
    private readonly ValueOption<int> _draws = Values.Whole("--draws", "How many times the cuts of random and unbiased lengths are drawn", 1, 10);
    private readonly ValueOption<int> _updates = Values.Whole("--updates", "How many updates each training makes at most; 0 for no training", 0, 1_500);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("tbptt");
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();

    public TbpttCommand(CliHost host)
        : base(
            "tbptt",
            "Measures what backpropagation in chunks of k steps saves in memory, takes in time, and does to the gradient and to what a net can learn.",
            ("rnnzoo tbptt", "the whole trade, full backpropagation of 10,000 steps included (1.6 GB)"),
            ("rnnzoo tbptt --k 35 --length 100000 --updates 0 --json > tbptt.json", "memory does not depend on the length; results for programs"))
    {
        AddOptions(_chunks, _cell, _length, _batch, _hidden, _delay, _draws, _updates, _seed, _json, _output, _formats);
        SetAction((parsed, cancellation) => new TbpttRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output), parsed.GetValue(_formats)!.Items).RunAsync(cancellation));
    }

    private TbpttSettings Read(ParseResult parsed)
    {
        var settings = new TbpttSettings(
            Cell: parsed.GetValue(_cell)!,
            Ways: [.. parsed.GetValue(_chunks)!.Items.Select(Way.Parse)],
            Length: parsed.GetValue(_length),
            Batch: parsed.GetValue(_batch),
            Hidden: parsed.GetValue(_hidden),
            Delay: parsed.GetValue(_delay),
            Draws: parsed.GetValue(_draws),
            Updates: parsed.GetValue(_updates),
            Seed: parsed.GetValue(_seed));
        if (settings.Length <= settings.Delay)
        {
            throw new UsageException($"--length: expected more than the {settings.Delay} steps of --delay, or no question is asked, got {settings.Length}.");
        }

        if (settings.Ways.FirstOrDefault(way => way.Kind == WayKind.Online) is { Kind: WayKind.Online } online && !CreditMap.HasOnline(settings.Cell))
        {
            settings = !IsGiven(parsed, _chunks)
                ? settings with { Ways = [.. settings.Ways.Where(way => way.Kind != WayKind.Online)] }
                : throw new UsageException($"--k: expected no online gradients for a {settings.Cell}, which they are not for, got {online.Name}.");
        }

        var longest = settings.Ways.Max(way => way.Chunk);
        return longest <= settings.Length
            ? settings
            : throw new UsageException($"--k: expected at most the {settings.Length} steps of --length, or full, got {longest}.");
    }

    private static bool ReadWay(string text, out string value)
    {
        var isWay = Way.TryParse(text, out var way);
        value = isWay ? way.Name : text; // 05 is 5
        return isWay;
    }
}

/// <summary>How gradients are cut, or not; the names are those of the command line.</summary>
internal enum WayKind
{
    /// <summary>Chunks of k steps.</summary>
    Fixed,

    /// <summary>Chunks of lengths drawn around k.</summary>
    Random,

    /// <summary>Cuts by chance, k steps apart on average, with weighed gradients.</summary>
    Unbiased,

    /// <summary>Chunks of k steps whose start owes what is carried along.</summary>
    Online,
}

/// <summary>A chunk length and what becomes of gradients at its end.</summary>
/// <param name="Chunk">k; 0 for the whole stream at once.</param>
/// <param name="Kind">What becomes of them.</param>
internal readonly record struct Way(int Chunk, WayKind Kind = WayKind.Fixed)
{
    private const string FullName = "full";

    /// <summary>Full backpropagation through time: chunks as long as the stream.</summary>
    public static Way Full => new(0);

    /// <summary>Whether the cuts are drawn.</summary>
    public bool IsDrawn => Kind is WayKind.Random or WayKind.Unbiased;

    /// <summary>How it is written.</summary>
    public string Name => this == Full ? FullName : Kind == WayKind.Fixed ? $"{Chunk}" : $"{Kind.ToString().ToLowerInvariant()}-{Chunk}";

    public static Way Parse(string text) => TryParse(text, out var way) ? way : throw new FormatException($"k: expected one as --k takes, got {text}.");

    public static bool TryParse(string text, out Way way)
    {
        var parts = text.Split('-');
        var kind = parts.Length == 1 ? WayKind.Fixed : Enum.GetValues<WayKind>().FirstOrDefault(kind => kind.ToString().ToLowerInvariant() == parts[0]);
        way = text == FullName ? Full : new Way(int.TryParse(parts[^1], NumberStyles.None, null, out var chunk) ? chunk : 0, kind);
        return way == Full ? text == FullName : parts.Length <= 2 && (parts.Length == 1 || kind != WayKind.Fixed) && way.Chunk >= (kind == WayKind.Unbiased ? 2 : 1);
    }

    /// <summary>How a loader cuts so.</summary>
    /// <param name="steps">T.</param>
    /// <param name="seed">Where cuts come from.</param>
    public TruncatedBpttOptions Options(long steps, long seed)
    {
        var options = new TruncatedBpttOptions { ChunkLength = (int)(this == Full ? steps : Math.Min(Chunk, steps)) };
        return Kind switch
        {
            WayKind.Random => options with { RandomLength = new() { Minimum = Math.Min(5, options.ChunkLength), Seed = seed } },
            WayKind.Unbiased => options with { UnbiasedEvery = Math.Max(1, options.ChunkLength / 5), UnbiasedSeed = seed },
            WayKind.Online => options with { Online = OnlineGradient.SnAp1 },
            _ => options,
        };
    }
}

/// <summary>What to measure: the values of the options, which say what each is.</summary>
internal sealed record TbpttSettings(string Cell, IReadOnlyList<Way> Ways, int Length, int Batch, int Hidden, int Delay, int Draws, int Updates, long Seed);

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class TbpttRun(CliHost host, TbpttSettings settings, bool json, string? outputFolder, IReadOnlyList<string> formats)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        var exact = await MeasureAsync(new RowJob(RowKind.Exact, Way.Full, settings), "exact, in segments", cancellation);
        var costs = new List<GradientCost>();
        foreach (var way in settings.Ways)
        {
            costs.Add(await MeasureAsync(new RowJob(RowKind.Chunks, way, settings), $"k = {way.Name}", cancellation));
        }

        var scores = settings.Updates == 0 ? [] : await TrainAsync(cancellation);
        var full = settings.Ways.ToList().IndexOf(Way.Full);
        var reference = full < 0 ? exact : costs[full];
        TbpttRow Row(Way? way, GradientCost cost, RecallScore? score) => new(way, cost, GradientError.Of(cost, reference), score);
        var result = new TbpttResult(settings, [.. costs.Select((cost, index) => Row(settings.Ways[index], cost, scores.ElementAtOrDefault(index)))], Row(null, exact, null), CreditMap.Measure(settings));
        TbpttReport.Write(host, result, OutputFolder.Make(host, outputFolder, "tbptt"), json, formats, watch.Elapsed);
        return ExitCodes.Success;
    }

    private async Task<GradientCost> MeasureAsync(RowJob job, string name, CancellationToken cancellation)
    {
        host.Error.WriteLine($"{name}: the gradient of {settings.Length:#,0} steps");
        return await job.RunApartAsync<GradientCost>(cancellation);
    }

    // Each training computes on one thread, so they share the machine.
    private async Task<RecallScore[]> TrainAsync(CancellationToken cancellation)
    {
        host.Error.WriteLine($"training to recall after {settings.Delay} steps, up to {settings.Updates:#,0} updates for each k");
        var scores = new RecallScore[settings.Ways.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        await Parallel.ForAsync(0, scores.Length, options, async (index, stop) =>
            scores[index] = await new RowJob(RowKind.Train, settings.Ways[index], settings).RunApartAsync<RecallScore>(stop));
        return scores;
    }
}

/// <summary>All that was measured.</summary>
/// <param name="Settings">What was asked for.</param>
/// <param name="Rows">A row for each k.</param>
/// <param name="Exact">Exact backpropagation in segments that are run twice.</param>
/// <param name="Credit">How far gradients reach back.</param>
internal sealed record TbpttResult(TbpttSettings Settings, IReadOnlyList<TbpttRow> Rows, TbpttRow Exact, CreditMap Credit)
{
    /// <summary>The row of full backpropagation; null if it was not asked for.</summary>
    public TbpttRow? Full => Rows.FirstOrDefault(row => row.Way == Way.Full);
}

/// <summary>One row of the results.</summary>
/// <param name="Way">k, and how gradients are cut; null for exact backpropagation in segments.</param>
/// <param name="Cost">What the gradient took.</param>
/// <param name="Error">How far the gradient is from the exact one.</param>
/// <param name="Score">What training came to; null without one.</param>
internal sealed record TbpttRow(Way? Way, GradientCost Cost, GradientError Error, RecallScore? Score)
{
    public double PeakMegabytes => Cost.ExtraBytes / 1e6;

    public double ProcessPeakMegabytes => Cost.ProcessPeakBytes / 1e6;
}

/// <summary>What one process of its own has to do.</summary>
/// <param name="Kind">Which work.</param>
/// <param name="Way">k, and how gradients are cut.</param>
/// <param name="Settings">The rest.</param>
internal sealed record RowJob(RowKind Kind, Way Way, TbpttSettings Settings)
{
    private const string Name = "tbptt-row";

    /// <summary>
    /// The settings of .NET's garbage collector in these processes: collections when 4 MiB are allocated, whatever the size of
    /// the processor's caches, and no threads of its own, so that a run's peak does not depend on when it collects.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_GCgen0size"] = "400000", // hexadecimal
    };

    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals }; // a net may overflow

    /// <summary>Does the work in a process of its own.</summary>
    public async Task<T> RunApartAsync<T>(CancellationToken cancellation)
    {
        var answer = await SelfProcess.RunAsync([Name, JsonSerializer.Serialize(this, Json)], cancellation, Environment);
        return JsonSerializer.Deserialize<T>(answer, Json)!;
    }

    /// <summary>The command of that process, which the help does not show.</summary>
    public static Command CreateCommand(CliHost host) => SelfProcess.CreateCommand<RowJob>(
        host,
        Name,
        "Does the work of one row, and prints what came of it as JSON.",
        job => job.Kind == RowKind.Train ? JsonSerializer.Serialize(RecallTraining.Run(job), Json) : JsonSerializer.Serialize(GradientProbe.Measure(job), Json));
}

/// <summary>What the process of a row does.</summary>
internal enum RowKind
{
    /// <summary>Memory, time and gradient of backpropagation in chunks of k, or of all at once.</summary>
    Chunks,

    /// <summary>Memory, time and gradient of exact backpropagation in segments that are run twice.</summary>
    Exact,

    /// <summary>Recall after training in chunks of k.</summary>
    Train,
}

/// <summary>The model that all rows share, and its loss.</summary>
internal static class TbpttModel
{
    /// <summary>The same weights in every process.</summary>
    public static SequenceModel Create(string cell, int hidden, int delay, long seed, ScalarType dtype)
    {
        manual_seed(Seeds.Derive(seed, "weights"));
        var model = SequenceModel.Create(cell, RecallStream.Tokens, hidden, RecallStream.Cues, encoding: InputEncoding.OneHot, dtype: dtype);
        Initialisers.Named(CompareTasks.Copy.StartOf(cell).Initialisation, delay + 1).Apply(model);
        return model;
    }

    /// <summary>The sum over all questions, in nats.</summary>
    /// <param name="output">[k, B, 8].</param>
    /// <param name="answers">[k, B].</param>
    /// <returns>[].</returns>
    public static Tensor LossSum(Tensor output, Tensor answers) =>
        nn.functional.cross_entropy(output.flatten(0, 1), answers.flatten(), reduction: nn.Reduction.Sum);
}
