using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>The card of a model in Markdown, made of its manifest and its training log alone.</summary>
internal static class ModelCard
{
    /// <exception cref="InvalidOperationException">The model is not trained.</exception>
    public static string Write(ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log)
    {
        var result = manifest.Result ?? throw new InvalidOperationException($"{manifest.Name}: expected a trained model, got a recipe alone; a recipe has no card.");
        var card = new StringBuilder();
        Line(card, "<!-- Made by rnnzoo zoo train of model.json and train.jsonl; changes by hand are lost. -->");
        Line(card, $"# {manifest.Name}\n");
        Line(card, $"{manifest.Summary}\n");
        if (manifest.Notes.Length > 0)
        {
            Line(card, $"{manifest.Notes}\n");
        }

        Metrics(card, manifest, result);
        Usage(card, manifest);
        Seeds(card, manifest, result);
        Training(card, manifest, log);
        Recipe(card, manifest);
        Made(card, manifest, result);
        return card.ToString();
    }

    /// <summary>What a notebook shows of a model: what it reaches, with which seeds.</summary>
    public static string ToHtml(ModelManifest manifest, ModelResult result)
    {
        var metrics = new Display.HtmlTable($"{manifest.Name}: {manifest.Summary}", "metric", "value", "standard error", "measured on");
        foreach (var metric in result.Metrics)
        {
            metrics.Add($"{metric.Name} ({metric.Unit})", metric.Value, metric.StandardError, metric.How);
        }

        string[] names = [.. result.Spread.Select(spread => spread.Name)];
        var seeds = new Display.HtmlTable($"all seeds; {result.Parameters.ToString("#,0", CultureInfo.InvariantCulture)} parameters", ["seed", .. names, "steps", "ended by"]);
        foreach (var seed in result.Seeds)
        {
            var name = $"{seed.Seed}{(seed.Seed == manifest.Recipe.CommittedSeed ? " (these weights)" : "")}";
            seeds.Add([name, .. names.Select(wanted => (object?)seed.Metrics.FirstOrDefault(metric => metric.Name == wanted)?.Value), seed.Steps, seed.Ended]);
        }

        return metrics.ToString() + seeds;
    }

    private static void Metrics(StringBuilder card, ModelManifest manifest, ModelResult result)
    {
        var task = manifest.Recipe.LearntTask;
        Line(card, "| metric | value | standard error | without memory | measured on |");
        Line(card, "|---|---|---|---|---|");
        foreach (var metric in result.Metrics)
        {
            var baseline = task is null ? null : metric.Name == task.Metric.Name ? task.Metric.Baseline : (double?)task.Baseline;
            Line(card, $"| {metric.Name} ({metric.Unit}) | {Number(metric.Value)} | {Number(metric.StandardError)} | {Number(baseline)} | {metric.How}{(metric.Seed is { } seed ? $" (seed {seed})" : "")} |");
        }

        Line(card, $"\n`rnnzoo zoo verify {manifest.Name}` measures these again.\n");
    }

    private static void Usage(StringBuilder card, ModelManifest manifest)
    {
        Line(card, "```csharp");
        Line(card, $"using var model = RnnZoo.Zoo.ModelZoo.Load(\"{manifest.Name}\"); // model.Net, model.{(manifest.Recipe is CharacterRecipe ? "Characters" : "Task")}, model.Recipe");
        Line(card, "```\n");
    }

    private static void Seeds(StringBuilder card, ModelManifest manifest, ModelResult result)
    {
        var names = result.Spread.Select(spread => spread.Name).ToArray();
        Line(card, "## All seeds\n");
        Line(card, $"| seed | {string.Join(" | ", names)} | steps | ended by | seconds |");
        Line(card, $"|---|{string.Concat(names.Select(_ => "---|"))}---|---|---|");
        foreach (var seed in result.Seeds)
        {
            var values = names.Select(name => Number(seed.Metrics.FirstOrDefault(metric => metric.Name == name)?.Value));
            Line(card, $"| {seed.Seed}{(seed.Seed == manifest.Recipe.CommittedSeed ? " (these weights)" : "")} | {string.Join(" | ", values)} | {seed.Steps} | {seed.Ended} | {seed.Seconds.ToString("0", CultureInfo.InvariantCulture)} |");
        }

        Line(card, $"| mean | {string.Join(" | ", result.Spread.Select(spread => Number(spread.Mean)))} | | | |");
        Line(card, $"| standard deviation | {string.Join(" | ", result.Spread.Select(spread => Number(spread.StandardDeviation)))} | | | |\n");
    }

    private static void Training(StringBuilder card, ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log)
    {
        Line(card, "## Training\n");
        Line(card, $"![Loss and metric of every seed against steps]({ModelFolder.Curve})\n");
        var own = log.Where(entry => entry.Seed == manifest.Recipe.CommittedSeed).ToArray();
        if (own.LastOrDefault(entry => entry.Event == "steps") is { } last && own.LastOrDefault(entry => entry.Event == "end") is { } end)
        {
            var which = manifest.Recipe is CharacterRecipe { KeepBest: true } ? "The training ended" : "The weights are those";
            Line(card, $"{which} after step {end.Step}, {end.Seconds.ToString("0", CultureInfo.InvariantCulture)} seconds after the start; the last logged mean training loss is {Number(last.Loss)}. The whole log is in `{ModelFolder.Log}`; its last line has the weights' SHA-256.\n");
        }
    }

    private static void Recipe(StringBuilder card, ModelManifest manifest)
    {
        Line(card, $"## Recipe\n\n`rnnzoo zoo train {manifest.Name}` repeats it.\n");
        Line(card, "| | |");
        Line(card, "|---|---|");
        foreach (var (name, value) in Leaves(JsonNode.Parse(manifest.Recipe.ToJson()), ""))
        {
            Line(card, $"| {name} | {value.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ")} |");
        }

        Line(card, "");
    }

    private static void Made(StringBuilder card, ModelManifest manifest, ModelResult result)
    {
        Line(card, "## Made\n");
        Line(card, "| | |");
        Line(card, "|---|---|");
        Line(card, $"| parameters | {result.Parameters.ToString("#,0", CultureInfo.InvariantCulture)} |");
        Line(card, $"| {ModelFolder.Weights} | {result.WeightsBytes.ToString("#,0", CultureInfo.InvariantCulture)} bytes, SHA-256 `{result.WeightsSha256}` |");
        if (result.ValidationSha256 is { } validation)
        {
            Line(card, $"| {ModelFolder.Validation} | the held-out text, SHA-256 `{validation}` |");
        }

        Line(card, $"| trained | {result.Made.Date}, RnnZoo {result.Made.RnnZoo}, TorchSharp {result.Made.TorchSharp}, libtorch {result.Made.Libtorch}, backward path {result.Made.Backward} |");
        Line(card, $"| machine | {result.Made.Machine} |");
        Line(card, $"| licence | {manifest.Licence} |");
    }

    private static IEnumerable<(string Name, string Value)> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Leaves(field.Value, path.Length == 0 ? field.Key : $"{path}.{field.Key}")),
        JsonArray items when items.Any(item => item is JsonObject or JsonArray) => items.SelectMany((item, index) => Leaves(item, $"{path}[{index}]")),
        JsonArray items => [(path, string.Join(", ", items.Select(item => item?.ToString() ?? "none")))],
        null => [(path, "none")],
        _ => [(path, node.ToString())],
    };

    private static string Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) is { } text
        ? text is "0" or "-0" && value != 0 ? value.Value.ToString("0.##E+0", CultureInfo.InvariantCulture) : text
        : "–";

    private static void Line(StringBuilder card, string line) => card.Append(line).Append('\n');
}

/// <summary>The curves of a model's trainings, made of its manifest and its log alone.</summary>
internal static class TrainingCurve
{
    private const int PointsPerLine = 200;

    public static Figure Draw(ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log)
    {
        var task = manifest.Recipe.LearntTask;
        var steps = Math.Max(1, log.Count == 0 ? 1 : log.Max(entry => entry.Step));
        var loss = new LineChart("training loss", Steps(steps), new Axis(task?.LossUnit ?? "bits per character") { Scale = AxisScale.Log }, Lines(manifest, log, "steps", entry => entry.Loss))
        {
            ReferenceLines = task is null ? [] : [Baseline(task.Baseline)],
        };
        var metric = new LineChart($"on {(task is null ? "the held-out text" : SequenceTasks.DrawnFrom(task))}, on the way", Steps(steps), MetricAxis(task), Lines(manifest, log, "evaluation", entry => entry.Metric))
        {
            ReferenceLines = task is null ? [] : [Baseline(task.Metric.Baseline)],
        };
        return new Figure(manifest.Name, metric.Series.Any(series => series.Points.Count > 0) ? [loss, metric] : [loss]) { Subtitle = manifest.Summary };
    }

    private static Axis Steps(int steps) => new("training step") { Minimum = 0, Maximum = steps };

    private static Axis MetricAxis(ISequenceTask? task) => task?.Metric.MoreIsBetter == true
        ? new Axis(task.Metric.Name) { Minimum = 0, Maximum = 1 }
        : new Axis(task?.Metric.Name ?? "bits per character") { Scale = AxisScale.Log };

    private static ReferenceLine Baseline(double value) => new(value, string.Create(CultureInfo.InvariantCulture, $"without memory: {value:0.0000}"));

    private static Series[] Lines(ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log, string kind, Func<TrainingLogEntry, double?> value) =>
    [
        .. manifest.Recipe.Seeds.Select((seed, index) => new Series(
            $"seed {seed}{(seed == manifest.Recipe.CommittedSeed ? " (committed)" : "")}",
            [.. log.Where(entry => entry.Seed == seed && entry.Event == kind && value(entry) is not null).Select(entry => new ChartPoint(entry.Step, value(entry)!.Value))])
        {
            Colour = index % 3,
            Dashed = seed != manifest.Recipe.CommittedSeed,
        }.Smoothed(PointsPerLine)),
    ];
}
