using System.Globalization;

namespace RnnZoo.Training;

/// <summary>Makes the folder that a run writes into.</summary>
public static class RunFolder
{
    /// <summary>Makes a new folder, named by the time and what ran in it: <c>2026-01-31T09-30-00-copy</c>.</summary>
    /// <param name="parent">Where; made if it is missing.</param>
    /// <param name="time">When the run began.</param>
    /// <param name="name">What ran.</param>
    /// <returns>The folder's full path. Two runs of the same second get two folders, the later one with a number at its end.</returns>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static string Create(string parent, DateTimeOffset time, string name)
    {
        var all = Directory.CreateDirectory(parent).FullName;
        // A rename fails where the name is taken, which making a folder does not.
        var made = Directory.CreateDirectory(Path.Combine(all, $".{Guid.NewGuid():N}")).FullName;
        var wanted = Path.Combine(all, time.ToString("yyyy-MM-dd'T'HH-mm-ss", CultureInfo.InvariantCulture) + "-" + name);
        for (var number = 1; ; number++)
        {
            var path = number == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted}-{number}");
            if (Directory.Exists(path))
            {
                continue;
            }

            try
            {
                Directory.Move(made, path);
                return path;
            }
            catch (IOException) when (Directory.Exists(path))
            {
                // Another run took the name between the look and the rename: try the next one.
                continue;
            }
        }
    }
}
