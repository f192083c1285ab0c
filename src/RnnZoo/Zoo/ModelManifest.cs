using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Zoo;

/// <summary>
/// What <c>model.json</c> says of a model: how it is trained, and, once it was, what came of it. The recipe is written by
/// hand or by <c>rnnzoo train chars</c>, the rest by the training.
/// </summary>
internal sealed record ModelManifest
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
    /// <exception cref="InvalidDataException">It is no manifest; the message names file and field.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelManifest Read(string file) => ManifestJson.Read<ModelManifest>(file, manifest => manifest.Validate());

    /// <summary>The manifest as the text of a <c>model.json</c>.</summary>
    public string ToJson() => ManifestJson.Write(this);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    public void Validate()
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
internal sealed record ModelProvenance(string Date, string RnnZoo, string TorchSharp, string Libtorch, string Machine, string Backward)
{
    /// <summary>This library's version.</summary>
    public static string Version => typeof(ModelProvenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>This machine.</summary>
    public static ModelProvenance Here(DateTimeOffset day, string backward) => new(
        day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Version,
        TorchBackend.TorchSharpVersion,
        TorchBackend.LibtorchVersion,
        string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors, {Vectors} bit vectors"),
        backward);

    private static int Vectors => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
}
