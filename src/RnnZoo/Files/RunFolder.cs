using System.Globalization;

namespace RnnZoo.Files;

/// <summary>Makes the folder that a run writes into.</summary>
internal static class RunFolder
{
    /// <summary>Makes a new folder, named by the time and what ran in it: <c>2026-01-31T09-30-00-copy</c>.</summary>
    /// <returns>The folder's full path. Two runs of the same second get two folders, the later one with a number at its end.</returns>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static string Create(string parent, DateTimeOffset time, string name)
    {
        var all = Directory.CreateDirectory(parent).FullName;
        var wanted = Path.Combine(all, time.ToString("yyyy-MM-dd'T'HH-mm-ss", CultureInfo.InvariantCulture) + "-" + name);
        for (var number = 1; ; number++)
        {
            var path = number == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted}-{number}");
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
