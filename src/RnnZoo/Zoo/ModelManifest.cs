using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Zoo;

/// <summary>
/// What <c>model.json</c> says of a model: how it is trained, and, once it was, what came of it. The recipe is written by
/// hand or by <c>rnnzoo train chars</c>, the rest by the training.
/// </summary>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record ModelManifest : Display.ITable
{
    /// <summary>The version of this file's layout.</summary>
    public required int Format { get; init; }

    /// <summary>The model's name: lower-case letters, digits, dots and hyphens, as in <c>copy-lstm-h128.t100</c>. In a folder of models it is that of the model's own folder.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What a user should know beside the numbers, as what it fails at and what was tried; in Markdown, empty for nothing.</summary>
    public string Notes { get; init; } = "";

    /// <summary>The licence of the weights, by its SPDX name.</summary>
    public required string Licence { get; init; }

    /// <summary>How it is trained: everything that the numbers depend on.</summary>
    public required ModelRecipe Recipe { get; init; }

    /// <summary>What came of it; null before it was trained.</summary>
    public ModelResult? Result { get; init; }

    /// <summary>Reads a <c>model.json</c>; a field that is unknown, missing, doubled or out of its range is an error that names it.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is no manifest; the message names file and field.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelManifest Read(string file) => ManifestJson.Read(file);

    /// <summary>The manifest as the text of a <c>model.json</c>.</summary>
    public string ToJson() => ManifestJson.Write(this);

    /// <summary>The model's card in Markdown, made of the manifest and the log alone.</summary>
    /// <param name="log">The log of its training.</param>
    /// <exception cref="InvalidOperationException">The model is not trained.</exception>
    internal string ToCard(IReadOnlyList<TrainingLogEntry> log)
    {
        ArgumentNullException.ThrowIfNull(log);
        return ModelCard.Write(this, Result ?? throw new InvalidOperationException($"{Name}: expected a trained model, got a recipe alone; a recipe has no card."), log);
    }

    /// <summary>The model for a notebook: what it reaches, with which seeds.</summary>
    /// <returns>Tables as HTML.</returns>
    public string ToHtml()
    {
        var metrics = new Display.HtmlTable($"{Name}: {Summary}", "metric", "value", "standard error", "measured on");
        if (Result is not { } result)
        {
            metrics.Add("not trained yet", null, null, null);
            return metrics.ToString();
        }

        foreach (var metric in result.Metrics)
        {
            metrics.Add($"{metric.Name} ({metric.Unit})", metric.Value, metric.StandardError, metric.How);
        }

        string[] names = [.. result.Spread.Select(spread => spread.Name)];
        var seeds = new Display.HtmlTable($"all seeds; {result.Parameters.ToString("#,0", CultureInfo.InvariantCulture)} parameters", ["seed", .. names, "steps", "ended by"]);
        foreach (var seed in result.Seeds)
        {
            var name = seed.Seed.ToString(CultureInfo.InvariantCulture) + (seed.Seed == Recipe.CommittedSeed ? " (these weights)" : "");
            seeds.Add([name, .. names.Select(wanted => (object?)seed.Metrics.FirstOrDefault(metric => metric.Name == wanted)?.Value), seed.Steps, seed.Ended]);
        }

        return metrics.ToString() + seeds;
    }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    internal void Validate()
    {
        Check.That(Format == 1, "format", "1", Format);
        Check.That(IsName(Name), "name", "lower-case letters, digits, dots and hyphens, beginning with a letter", Name);
        Check.That(Summary.Length > 0 && !Summary.Contains('\n'), "summary", "one line", Summary);
        Check.That(Licence.Length > 0, "licence", "a licence", Licence);
        Recipe.Validate();
        Result?.Validate(Recipe);
    }

    private static bool IsName(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0]) && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-');
}

/// <summary>Where and with what a model was trained: on another machine or libtorch the last digits differ.</summary>
/// <param name="Date">The day, as in 2026-01-31.</param>
/// <param name="RnnZoo">This library's version.</param>
/// <param name="TorchSharp">TorchSharp's version.</param>
/// <param name="Libtorch">libtorch's version.</param>
/// <param name="Machine">System, processor architecture and count, and the width of the kernels' vectors.</param>
/// <param name="Backward">The backward path that ran.</param>
public sealed record ModelProvenance(string Date, string RnnZoo, string TorchSharp, string Libtorch, string Machine, string Backward)
{
    /// <summary>This machine.</summary>
    /// <param name="day">The day.</param>
    /// <param name="backward">The backward path that ran.</param>
    internal static ModelProvenance Here(DateTimeOffset day, string backward) => new(
        day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        typeof(ModelProvenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        TorchBackend.TorchSharpVersion,
        TorchBackend.LibtorchVersion,
        string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors, {Vectors} bit vectors"),
        backward);

    private static int Vectors => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
}
