using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>What came of one seed of a recipe.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Steps">How many steps were taken, over all stages.</param>
/// <param name="Ended">Why the last stage ended: <c>steps</c>, a metric's name, <c>diverged</c> or <c>patience</c>.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Metrics">The metrics of its last weights.</param>
/// <param name="WeightsSha256">The SHA-256 of its weights as safetensors.</param>
public sealed record SeedResult(long Seed, int Steps, string Ended, double Seconds, IReadOnlyList<MetricValue> Metrics, string WeightsSha256)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    internal void Validate()
    {
        Require.That(Steps >= 0, $"result.seeds: {Seed}: steps", "at least 0", Steps);
        Require.That(Seconds >= 0 && double.IsFinite(Seconds), $"result.seeds: {Seed}: seconds", "at least 0", Seconds);
        Require.Hash(WeightsSha256, $"result.seeds: {Seed}: weightsSha256");
        var names = Metrics.Select(metric => metric.Name).ToArray();
        Require.That(names.Distinct().Count() == names.Length, $"result.seeds: {Seed}: metrics", "names that differ", string.Join(", ", names));
        foreach (var metric in Metrics)
        {
            Require.That(metric.Value is null || double.IsFinite(metric.Value.Value), $"result.seeds: {Seed}: metrics: {metric.Name}: value", "a number", metric.Value);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is none; the message names file and field.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SeedResult Read(string file) => ManifestJson.ReadPart<SeedResult>(file);

    /// <summary>Writes it to a file of its own.</summary>
    /// <param name="file">The file; one that exists is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string file) => AtomicFile.WriteText(file, ManifestJson.WritePart(this));
}
