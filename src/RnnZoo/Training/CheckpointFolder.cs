using System.Globalization;

namespace RnnZoo.Training;

/// <summary>
/// The checkpoints of one training: <c>checkpoint-000000042.rzc</c> for step 42. The last two are kept, so that one is left
/// if the other is damaged.
/// </summary>
public sealed class CheckpointFolder
{
    private const int Kept = 2;
    private const string Prefix = "checkpoint-";
    private const string Suffix = ".rzc";

    /// <summary>Uses a folder, and clears away what a run that was killed while it wrote a checkpoint has left there.</summary>
    /// <param name="path">The folder, which exists.</param>
    public CheckpointFolder(string path)
    {
        Path = path;
        foreach (var half in Directory.EnumerateFiles(path, $"{Prefix}*{Suffix}.*.part"))
        {
            File.Delete(half);
        }
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The files, newest first.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(Path, $"{Prefix}*{Suffix}").Where(file => StepOf(file) is not null).OrderByDescending(StepOf)];

    /// <summary>Where the checkpoint of a step is.</summary>
    /// <param name="step">The step, at least 0.</param>
    public string FileOf(long step) => System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:000000000}{Suffix}"));

    /// <summary>Writes a checkpoint, and then deletes those before the last two.</summary>
    /// <param name="step">How many steps were taken.</param>
    /// <param name="parts">What it holds.</param>
    /// <exception cref="IOException">It cannot be written; the message says which older one is there to go on from.</exception>
    public void Save(long step, IReadOnlyDictionary<string, byte[]> parts)
    {
        var file = FileOf(step);
        try
        {
            CheckpointFile.Write(file, parts);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var left = Files is [var newest, ..] ? $"{System.IO.Path.GetFileName(newest)} is whole, and the run can go on from it" : "there is no earlier one";
            throw new IOException($"{file}: cannot be written: {problem.Message} ({left}).", problem);
        }

        foreach (var old in Files.Skip(Kept))
        {
            File.Delete(old);
        }
    }

    /// <summary>Reads the newest checkpoint that is whole.</summary>
    /// <param name="refused">Is told what is wrong with each one that is not.</param>
    /// <returns>Its step and parts; null if there is none at all.</returns>
    /// <exception cref="InvalidDataException">There are some, and none is whole.</exception>
    public (long Step, IReadOnlyDictionary<string, byte[]> Parts)? LoadNewest(Action<string>? refused = null)
    {
        var files = Files;
        foreach (var file in files)
        {
            try
            {
                return (StepOf(file)!.Value, CheckpointFile.Read(file));
            }
            catch (InvalidDataException problem)
            {
                refused?.Invoke(problem.Message);
            }
        }

        return files.Count == 0 ? null : throw new InvalidDataException($"{Path}: expected a checkpoint that is whole, got {files.Count} that are damaged; start anew.");
    }

    private static long? StepOf(string file)
    {
        var name = System.IO.Path.GetFileName(file);
        var digits = name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
    }
}
