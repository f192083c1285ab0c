using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

/// <summary>What a manifest states twice must be the same.</summary>
public class ResultTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    [Fact]
    public void Validate_MetricsOtherThanTheCommittedSeeds_AreRefused()
    {
        var manifest = Manifest();
        var metrics = manifest.Result!.Metrics.ToArray();
        metrics[1] = metrics[1] with { Value = metrics[1].Value / 2 };

        var problem = Assert.Throws<ArgumentException>(() => (manifest with { Result = manifest.Result with { Metrics = metrics } }).Validate());

        Assert.StartsWith("result.metrics: expected those of seed 2 ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SpreadOtherThanTheSeeds_IsRefused()
    {
        var manifest = Manifest();
        var spread = manifest.Result!.Spread.ToArray();
        spread[0] = spread[0] with { Mean = spread[0].Mean + 1e-6 };

        var problem = Assert.Throws<ArgumentException>(() => (manifest with { Result = manifest.Result with { Spread = spread } }).Validate());

        Assert.StartsWith("result.spread: expected ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_MetricThatIsStatedTwice_IsRefused()
    {
        var manifest = Manifest();
        var (result, seeds) = (manifest.Result!, manifest.Result!.Seeds.ToArray());
        MetricValue[] twice = [.. result.Metrics, result.Metrics[0]];
        var committed = Array.FindIndex(seeds, seed => seed.Seed == manifest.Recipe.CommittedSeed);
        seeds[committed] = seeds[committed] with { Metrics = twice };

        var problem = Assert.Throws<ArgumentException>(() => (manifest with { Result = result with { Metrics = twice, Seeds = seeds, Spread = MetricSpread.Of(seeds) } }).Validate());

        Assert.StartsWith("result.seeds: 2: metrics: expected names that differ, got 'recall, loss, recall'", problem.Message, StringComparison.Ordinal);
    }

    private ModelManifest Manifest() => new ModelCatalogue(trained.Models).Find(TinyModels.Copy).ReadManifest();
}
