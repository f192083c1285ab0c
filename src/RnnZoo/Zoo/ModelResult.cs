using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>What came of a recipe.</summary>
public sealed record ModelResult
{
    /// <summary>The metrics of the committed weights, each of which <c>rnnzoo zoo verify</c> measures again.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>What came of every seed, the committed one included, those that failed too.</summary>
    public required IReadOnlyList<SeedResult> Seeds { get; init; }

    /// <summary>Each metric over all seeds.</summary>
    public required IReadOnlyList<MetricSpread> Spread { get; init; }

    /// <summary>How many numbers the model learned.</summary>
    public required long Parameters { get; init; }

    /// <summary>The size of <c>weights.safetensors</c>.</summary>
    public required long WeightsBytes { get; init; }

    /// <summary>The SHA-256 of <c>weights.safetensors</c>.</summary>
    public required string WeightsSha256 { get; init; }

    /// <summary>The SHA-256 of <c>validation.txt</c>, the held-out text; null for a model of a task.</summary>
    public string? ValidationSha256 { get; init; }

    /// <summary>Where and with what it was trained.</summary>
    public required ModelProvenance Made { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range or does not fit the recipe; the message names its field.</exception>
    internal void Validate(ModelRecipe recipe)
    {
        Require.That(Metrics.Count > 0, "result.metrics", "at least one", 0);
        foreach (var metric in Metrics)
        {
            Require.That(metric.Value is { } value && double.IsFinite(value), $"result.metrics: {metric.Name}: value", "a number", metric.Value);
            Require.That(metric.StandardError >= 0, $"result.metrics: {metric.Name}: standardError", "at least 0", metric.StandardError);
            Require.That(metric.Count >= 1, $"result.metrics: {metric.Name}: count", "at least 1", metric.Count);
        }

        Require.That(Parameters >= 1, "result.parameters", "at least 1", Parameters);
        Require.That(WeightsBytes >= 1, "result.weightsBytes", "at least 1", WeightsBytes);

        Require.That(Seeds.Select(seed => seed.Seed).SequenceEqual(recipe.Seeds), "result.seeds", $"the recipe's seeds ({string.Join(", ", recipe.Seeds)})", string.Join(", ", Seeds.Select(seed => seed.Seed)));
        foreach (var seed in Seeds)
        {
            seed.Validate();
        }

        Require.Hash(WeightsSha256, "result.weightsSha256");
        var committed = Seeds.Single(seed => seed.Seed == recipe.CommittedSeed);
        Require.That(committed.WeightsSha256 == WeightsSha256, "result.weightsSha256", $"that of seed {recipe.CommittedSeed} ({committed.WeightsSha256})", WeightsSha256);
        Require.That(Metrics.SequenceEqual(committed.Metrics), "result.metrics", $"those of seed {recipe.CommittedSeed} ({Words(committed.Metrics)})", Words(Metrics));
        var spread = MetricSpread.Of(Seeds);
        Require.That(Spread.Count == spread.Count && Spread.Zip(spread).All(pair => pair.First.IsNear(pair.Second)), "result.spread", $"that of the seeds ({string.Join("; ", spread)})", string.Join("; ", Spread));
        Require.That((ValidationSha256 is not null) == recipe is CharacterRecipe, "result.validationSha256", recipe is CharacterRecipe ? "a SHA-256" : "none", ValidationSha256);
        if (ValidationSha256 is not null)
        {
            Require.Hash(ValidationSha256, "result.validationSha256");
        }
    }

    private static string Words(IReadOnlyList<MetricValue> metrics) => string.Join("; ", metrics);
}
