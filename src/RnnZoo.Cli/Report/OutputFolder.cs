using System.CommandLine;
using System.Text;
using RnnZoo.Cli.Options;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Training;

namespace RnnZoo.Cli.Report;

/// <summary>The folder that a run writes into.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder that was asked for, or a new one under runs/.</summary>
    /// <returns>Its full path.</returns>
    /// <exception cref="UsageException">A file stands in its place, or it cannot be written to.</exception>
    public static string Make(CliHost host, string? asked, string name)
    {
        Check(host, asked);
        if (asked is null)
        {
            return Create(Path.Combine(host.WorkingDirectory, "runs"), host.Time.GetLocalNow(), name);
        }

        var folder = Directory.CreateDirectory(Path.Combine(host.WorkingDirectory, asked)).FullName;
        AtomicFile.ClearHalves(folder);
        return folder;
    }

    private static readonly string[] AllFormats = ["svg", "png"];

    /// <summary>What pictures are written as; their files' names end so.</summary>
    public static ValueOption<ValueList<string>> Formats() => Values.Choices("--format", "What the pictures are written as", AllFormats, ["svg"]);

    /// <summary>Writes what every run leaves: its results, and their picture where there is one.</summary>
    /// <returns>The names of the files.</returns>
    public static string[] WriteResults(string folder, string document, Figure? chart, IReadOnlyList<string> formats)
    {
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), document);
        return ["results.json", .. WritePicture(folder, "chart", chart, formats)];
    }

    /// <summary>Writes a picture, if there is one, in each of the formats; one that an earlier run has left in another format goes.</summary>
    /// <returns>The names of the files.</returns>
    public static string[] WritePicture(string folder, string name, Figure? picture, IReadOnlyList<string> formats)
    {
        string[] files = [.. picture is null ? [] : formats.Select(format => $"{name}.{format}")];
        foreach (var file in files)
        {
            var content = Path.GetExtension(file) == ".png" ? picture!.ToPng() : Encoding.UTF8.GetBytes(picture!.ToSvg() + "\n");
            AtomicFile.Write(Path.Combine(folder, file), stream => stream.Write(content));
        }

        foreach (var stale in AllFormats.Select(format => $"{name}.{format}").Except(files))
        {
            File.Delete(Path.Combine(folder, stale));
        }

        return files;
    }

    /// <summary>Whether to write event files for TensorBoard.</summary>
    public static Option<bool> TensorBoard() => Values.Flag("--tensorboard", "Write event files for TensorBoard into the folder tensorboard of the run; tensorboard --logdir runs shows them");

    /// <summary>The event files of a training: in the run's folder, under tensorboard/ and a name of its own if the run has several.</summary>
    /// <param name="host">Is told if they can no longer be written; the training goes on.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="training">The training's name among those of the run.</param>
    /// <exception cref="InputException">They cannot be written.</exception>
    public static TensorBoardObserver Board(CliHost host, string folder, string training = "") => InputException.Read(
        "--tensorboard", () => new TensorBoardObserver(Path.Combine(BoardOf(folder), training)) { OnFailure = failure => host.Error.WriteLine($"--tensorboard: {failure.Message}") });

    /// <summary>The event files that a run of one training has so far.</summary>
    public static string[] EventFiles(string folder) => Directory.Exists(BoardOf(folder)) ? Directory.GetFiles(BoardOf(folder), TensorBoardObserver.AllFiles) : [];

    /// <summary>The folders of the trainings that a run of several has event files of.</summary>
    public static string[] BoardsIn(string folder) => Directory.Exists(BoardOf(folder)) ? Directory.GetDirectories(BoardOf(folder)) : [];

    private static string BoardOf(string folder) => Path.Combine(folder, "tensorboard");

    /// <summary>Refuses a place that cannot be written to, before a run begins that would be lost; nothing is left there.</summary>
    /// <exception cref="UsageException">A file stands in the folder's place, or no file can be made there.</exception>
    public static void Check(CliHost host, string? asked, string option = "--output")
    {
        var path = Path.GetFullPath(Path.Combine(host.WorkingDirectory, asked ?? "runs"));
        if (File.Exists(path))
        {
            throw new UsageException($"{option}: expected a folder, got '{asked ?? path}', which is a file.");
        }

        var existing = path;
        while (!Path.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        try
        {
            using var probe = new FileStream(Path.Combine(existing, $".{Guid.NewGuid():N}.part"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: expected a folder that can be written to, got '{asked ?? path}'{(existing == path ? "" : $", and no file can be made in '{existing}'")}; choose another one.");
        }
    }

    /// <summary>Takes a folder for the one process that writes into it, until the result is disposed.</summary>
    /// <exception cref="IOException">Another one has it, or no file can be made there.</exception>
    public static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, "run.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException problem)
        {
            throw new IOException($"{path}: expected a folder that no other training writes into; another one does, or the folder is read-only: {problem.Message}", problem);
        }
    }

    /// <summary>Makes a new folder, named by the time and what ran in it: <c>2026-01-31T09-30-00-copy</c>.</summary>
    /// <returns>The folder's full path. Two runs of the same second get two folders, the later one with a number at its end.</returns>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    internal static string Create(string parent, DateTimeOffset time, string name)
    {
        var all = Directory.CreateDirectory(parent).FullName;
        var wanted = Path.Combine(all, time.ToString("yyyy-MM-dd'T'HH-mm-ss") + "-" + name);
        for (var number = 1; ; number++)
        {
            var path = number == 1 ? wanted : $"{wanted}-{number}";
            if (!Directory.Exists(path) && Claim(path))
            {
                return path;
            }
        }
    }

    // Neither making a folder nor renaming one fails where an empty folder is already there, so two runs could get the same
    // one. Making a new file does fail: who makes the file beside the folder may make the folder.
    private static bool Claim(string path)
    {
        try
        {
            using var claim = new FileStream(path + ".claim", FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            if (Directory.Exists(path))
            {
                return false;
            }

            Directory.CreateDirectory(path);
            return true;
        }
        catch (IOException) when (File.Exists(path + ".claim") || Directory.Exists(path))
        {
            return false;
        }
    }
}
