using RnnZoo.Training;

namespace RnnZoo.Cli;

/// <summary>The folder that a run writes into.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder that was asked for, or a new one under runs/.</summary>
    /// <param name="host">Where relative paths start, and what time it is.</param>
    /// <param name="asked">What --output says, or null.</param>
    /// <param name="name">What a new folder is called, after the time.</param>
    /// <returns>Its full path.</returns>
    /// <exception cref="UsageException">A file stands in its place.</exception>
    public static string Make(CliHost host, string? asked, string name)
    {
        Check(host, asked);
        return asked is null
            ? RunFolder.Create(Path.Combine(host.WorkingDirectory, "runs"), host.Time.GetLocalNow(), name)
            : Directory.CreateDirectory(Path.Combine(host.WorkingDirectory, asked)).FullName;
    }

    /// <summary>Refuses a file, before a run begins that could not be written.</summary>
    /// <exception cref="UsageException">A file stands in the folder's place.</exception>
    public static void Check(CliHost host, string? asked)
    {
        if (asked is not null && File.Exists(Path.Combine(host.WorkingDirectory, asked)))
        {
            throw new UsageException($"--output: expected a folder, got '{asked}', which is a file.");
        }
    }
}
