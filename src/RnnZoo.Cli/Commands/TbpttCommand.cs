using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo tbptt`: what truncated backpropagation through time saves, and what it costs.</summary>
internal sealed class TbpttCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _chunks = Values.List<string>(
        "--k", "The chunk lengths to measure; full for the whole stream at once", "a comma-separated list of whole numbers of at least 1, or full, none twice",
        ReadChunk, ["1", "5", "10", "35", "100", TbpttSettings.Name(TbpttSettings.Full)]);

    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of the net", RecurrentNets.Names, "lstm");
    private readonly ValueOption<int> _length = Values.Whole("--length", "T: the steps of the measured stream; full takes about 0.15 MB for each step", 1, 10_000);
    private readonly ValueOption<int> _batch = Values.Whole("--batch", "B: how many streams side by side", 1, 20);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "H: the hidden size of the measured net", 1, 128);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "How many steps lie between a cue and the question for it", 1, 20);
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
        AddOptions(_chunks, _cell, _length, _batch, _hidden, _delay, _updates, _seed, _json, _output, _formats);
        SetAction((parsed, cancellation) => new TbpttRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output), parsed.GetValue(_formats)!.Items).RunAsync(cancellation));
    }

    private TbpttSettings Read(ParseResult parsed)
    {
        var settings = new TbpttSettings(
            Cell: parsed.GetValue(_cell)!,
            Chunks: [.. parsed.GetValue(_chunks)!.Items.Select(ToChunk)],
            Length: parsed.GetValue(_length),
            Batch: parsed.GetValue(_batch),
            Hidden: parsed.GetValue(_hidden),
            Delay: parsed.GetValue(_delay),
            Updates: parsed.GetValue(_updates),
            Seed: parsed.GetValue(_seed));
        if (settings.Length <= settings.Delay)
        {
            throw new UsageException($"--length: expected more than the {settings.Delay} steps of --delay, or no question is asked, got {settings.Length}.");
        }

        var longest = settings.Chunks.Max();
        return longest <= settings.Length
            ? settings
            : throw new UsageException($"--k: expected at most the {settings.Length} steps of --length, or full, got {longest}.");
    }

    private static bool ReadChunk(string text, out string value)
    {
        var isNumber = int.TryParse(text, NumberStyles.None, null, out var chunk);
        value = isNumber ? TbpttSettings.Name(chunk) : text; // 05 is 5
        return isNumber ? chunk >= 1 : text == TbpttSettings.Name(TbpttSettings.Full);
    }

    private static int ToChunk(string name) => name == TbpttSettings.Name(TbpttSettings.Full) ? TbpttSettings.Full : int.Parse(name);
}

/// <summary>What to measure: the values of the options, which say what each is; <see cref="Full"/> among the chunks is the whole stream.</summary>
internal sealed record TbpttSettings(string Cell, IReadOnlyList<int> Chunks, int Length, int Batch, int Hidden, int Delay, int Updates, long Seed)
{
    /// <summary>The name of full backpropagation through time among the values of k: chunks as long as the stream.</summary>
    public const int Full = 0;

    /// <summary>How a value of k is written.</summary>
    public static string Name(int chunk) => chunk == Full ? "full" : $"{chunk}";
}

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class TbpttRun(CliHost host, TbpttSettings settings, bool json, string? outputFolder, IReadOnlyList<string> formats)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        var exact = await MeasureAsync(new RowJob(RowKind.Exact, TbpttSettings.Full, settings), "exact, in segments", cancellation);
        var costs = new List<GradientCost>();
        foreach (var chunk in settings.Chunks)
        {
            costs.Add(await MeasureAsync(new RowJob(RowKind.Chunks, chunk, settings), $"k = {TbpttSettings.Name(chunk)}", cancellation));
        }

        var scores = settings.Updates == 0 ? [] : await TrainAsync(cancellation);
        var full = settings.Chunks.ToList().IndexOf(TbpttSettings.Full);
        var reference = full < 0 ? exact : costs[full];
        TbpttRow Row(int? chunk, GradientCost cost, RecallScore? score) => new(chunk, cost, Cosine.OfAll(cost, reference), Cosine.OfRecurrent(cost, reference), score);
        var result = new TbpttResult(settings, [.. costs.Select((cost, index) => Row(settings.Chunks[index], cost, scores.ElementAtOrDefault(index)))], Row(null, exact, null));
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
        var scores = new RecallScore[settings.Chunks.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        await Parallel.ForAsync(0, scores.Length, options, async (index, stop) =>
            scores[index] = await new RowJob(RowKind.Train, settings.Chunks[index], settings).RunApartAsync<RecallScore>(stop));
        return scores;
    }
}

/// <summary>All that was measured.</summary>
/// <param name="Settings">What was asked for.</param>
/// <param name="Rows">A row for each k.</param>
/// <param name="Exact">Exact backpropagation in segments that are run twice.</param>
internal sealed record TbpttResult(TbpttSettings Settings, IReadOnlyList<TbpttRow> Rows, TbpttRow Exact)
{
    /// <summary>The row of full backpropagation; null if it was not asked for.</summary>
    public TbpttRow? Full => Rows.FirstOrDefault(row => row.Chunk == TbpttSettings.Full);
}

/// <summary>One row of the results.</summary>
/// <param name="Chunk">k; null for exact backpropagation in segments.</param>
/// <param name="Cost">What the gradient took.</param>
/// <param name="Cosine">Between this gradient and the exact one, over all parameters.</param>
/// <param name="RecurrentCosine">The same over the recurrent matrix alone.</param>
/// <param name="Score">What training came to; null without one.</param>
internal sealed record TbpttRow(int? Chunk, GradientCost Cost, double Cosine, double RecurrentCosine, RecallScore? Score)
{
    public double PeakMegabytes => Cost.ExtraBytes / 1e6;

    public double ProcessPeakMegabytes => Cost.ProcessPeakBytes / 1e6;
}

/// <summary>What one process of its own has to do.</summary>
/// <param name="Kind">Which work.</param>
/// <param name="Chunk">k; <see cref="TbpttSettings.Full"/> for the whole stream.</param>
/// <param name="Settings">The rest.</param>
internal sealed record RowJob(RowKind Kind, int Chunk, TbpttSettings Settings)
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

    /// <summary>Does the work in a process of its own.</summary>
    public async Task<T> RunApartAsync<T>(CancellationToken cancellation)
    {
        var answer = await SelfProcess.RunAsync([Name, JsonSerializer.Serialize(this)], cancellation, Environment);
        return JsonSerializer.Deserialize<T>(answer)!;
    }

    /// <summary>The command of that process, which the help does not show.</summary>
    public static Command CreateCommand(CliHost host) => SelfProcess.CreateCommand<RowJob>(
        host,
        Name,
        "Does the work of one row, and prints what came of it as JSON.",
        job => job.Kind == RowKind.Train ? JsonSerializer.Serialize(RecallTraining.Run(job)) : JsonSerializer.Serialize(GradientProbe.Measure(job)));
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
