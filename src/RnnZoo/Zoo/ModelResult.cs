using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>What came of a recipe.</summary>
/// <param name="Metrics">The metrics of the committed weights, each of which <c>rnnzoo zoo verify</c> measures again.</param>
/// <param name="Seeds">What came of every seed, the committed one included, those that failed too.</param>
/// <param name="Spread">Each metric over all seeds.</param>
/// <param name="Parameters">How many numbers the model learned.</param>
/// <param name="WeightsBytes">The size of <c>weights.safetensors</c>.</param>
/// <param name="WeightsSha256">The SHA-256 of <c>weights.safetensors</c>.</param>
/// <param name="ValidationSha256">The SHA-256 of <c>validation.txt</c>, the held-out text; null for a model of a task.</param>
/// <param name="Made">Where and with what it was trained.</param>
internal sealed record ModelResult(
    IReadOnlyList<MetricValue> Metrics, IReadOnlyList<SeedResult> Seeds, IReadOnlyList<MetricSpread> Spread,
    long Parameters, long WeightsBytes, string WeightsSha256, string? ValidationSha256, ModelProvenance Made)
{
    /// <exception cref="ArgumentException">A value is out of its range or does not fit the recipe; the message names its field.</exception>
    public void Validate(ModelRecipe recipe)
    {
        Check.That(Metrics.Count > 0, "result.metrics", "at least one", 0);
        foreach (var metric in Metrics)
        {
            Check.That(metric.Value is not null, $"result.metrics: {metric.Name}: value", "a number", metric.Value);
            Check.That(metric.StandardError >= 0, $"result.metrics: {metric.Name}: standardError", "at least 0", metric.StandardError);
            Check.That(metric.Count >= 1, $"result.metrics: {metric.Name}: count", "at least 1", metric.Count);
        }

        Check.That(Seeds.Select(seed => seed.Seed).SequenceEqual(recipe.Seeds), "result.seeds", $"the recipe's seeds ({string.Join(", ", recipe.Seeds)})", string.Join(", ", Seeds.Select(seed => seed.Seed)));
        foreach (var seed in Seeds)
        {
            seed.Validate();
        }

        var committed = Seeds.Single(seed => seed.Seed == recipe.CommittedSeed);
        Check.That(committed.WeightsSha256 == WeightsSha256, "result.weightsSha256", $"that of seed {recipe.CommittedSeed} ({committed.WeightsSha256})", WeightsSha256);
        Check.That(Metrics.SequenceEqual(committed.Metrics), "result.metrics", $"those of seed {recipe.CommittedSeed} ({string.Join("; ", committed.Metrics)})", string.Join("; ", Metrics));
        var spread = MetricSpread.Of(Seeds);
        Check.That(Spread.SequenceEqual(spread), "result.spread", $"that of the seeds ({string.Join("; ", spread)})", string.Join("; ", Spread));
        Check.That((ValidationSha256 is not null) == recipe is CharacterRecipe, "result.validationSha256", recipe is CharacterRecipe ? "a SHA-256" : "none", ValidationSha256);
        if (ValidationSha256 is not null)
        {
            Check.Hash(ValidationSha256, "result.validationSha256");
        }
    }
}

/// <summary>What came of one seed of a recipe.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Steps">How many steps were taken, over all stages.</param>
/// <param name="Ended">Why the last stage ended: <c>steps</c>, a metric's name, <c>diverged</c> or <c>patience</c>; <c>running</c> where it has not.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Metrics">The metrics of its last weights.</param>
/// <param name="WeightsSha256">The SHA-256 of its weights as safetensors.</param>
internal sealed record SeedResult(long Seed, int Steps, string Ended, double Seconds, IReadOnlyList<MetricValue> Metrics, string WeightsSha256)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    public void Validate()
    {
        Check.That(Steps >= 0, $"result.seeds: {Seed}: steps", "at least 0", Steps);
        Check.That(Seconds >= 0, $"result.seeds: {Seed}: seconds", "at least 0", Seconds);
        Check.Hash(WeightsSha256, $"result.seeds: {Seed}: weightsSha256");
        var names = Metrics.Select(metric => metric.Name).ToArray();
        Check.That(names.Distinct().Count() == names.Length, $"result.seeds: {Seed}: metrics", "names that differ", string.Join(", ", names));
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is none; the message names file and field.</exception>
    public static SeedResult Read(string file) => ManifestJson.Read<SeedResult>(file, result => result.Validate());

    public void Write(string file) => AtomicFile.WriteText(file, ManifestJson.Write(this));

    /// <summary>The last line of the seed's log.</summary>
    public TrainingLogEntry ToLogEntry() => new(Seed, "end", Steps, null, null, null, null, Seconds, Ended, WeightsSha256);
}

/// <summary>A measurement of a model.</summary>
/// <param name="Name">What was measured, such as <c>recall</c>, <c>loss</c> or <c>bitsPerCharacter</c>.</param>
/// <param name="Unit">Its unit, such as <c>nats per step</c>.</param>
/// <param name="Value">The value; null if it is not finite.</param>
/// <param name="StandardError">The standard error of the value; 0 where nothing was drawn, or nothing differed.</param>
/// <param name="Count">How many sequences, or characters, were measured.</param>
/// <param name="Seed">Where the sequences came from; null where nothing was drawn.</param>
/// <param name="How">How it was measured, in words.</param>
public sealed record MetricValue(string Name, string Unit, double? Value, double StandardError, long Count, long? Seed, string How);

/// <summary>A metric over the seeds of a recipe.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Seeds">How many seeds gave a finite value.</param>
/// <param name="Mean">Their mean; null if there is none.</param>
/// <param name="StandardDeviation">Their standard deviation (divisor n - 1); null below two.</param>
/// <param name="Minimum">The smallest; null if there is none.</param>
/// <param name="Maximum">The largest; null if there is none.</param>
internal sealed record MetricSpread(string Name, int Seeds, double? Mean, double? StandardDeviation, double? Minimum, double? Maximum)
{
    /// <summary>The spread of every metric over seeds.</summary>
    public static IReadOnlyList<MetricSpread> Of(IReadOnlyList<SeedResult> seeds) =>
        [.. seeds.SelectMany(seed => seed.Metrics).GroupBy(metric => metric.Name, metric => metric.Value).Select(group => Of(group.Key, [.. group.OfType<double>()]))];

    /// <summary>The spread of the numbers that seeds gave.</summary>
    public static MetricSpread Of(string name, double[] values)
    {
        if (values.Length == 0)
        {
            return new MetricSpread(name, 0, null, null, null, null);
        }

        var mean = values.Average();
        double? deviation = values.Length < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
        return new MetricSpread(name, values.Length, mean, deviation, values.Min(), values.Max());
    }
}
