namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>A file of the repository that is made from the code, and must be what the code says now.</summary>
internal static class GeneratedFile
{
    private const string Refresh = "RNNZOO_REFRESH";

    /// <summary>Compares the file with what it has to be, or writes it where the environment variable RNNZOO_REFRESH is 1.</summary>
    /// <param name="path">The file, from the top of the repository.</param>
    /// <param name="wanted">Its text.</param>
    public static void Check(string path, string wanted)
    {
        var file = Path.Combine(Repository.Root, path);
        if (Environment.GetEnvironmentVariable(Refresh) == "1")
        {
            File.WriteAllText(file, wanted);
            return;
        }

        var (before, after) = (Lines(File.Exists(file) ? File.ReadAllText(file) : ""), Lines(wanted));
        string[] differences = [.. before.Except(after).Select(line => $"- {line}"), .. after.Except(before).Select(line => $"+ {line}")];
        Assert.True(
            before.SequenceEqual(after),
            $"{path} is not what the code says:\n{string.Join('\n', differences.Take(40))}\n"
            + $"If that is meant, write it anew: {Refresh}=1 dotnet test tests/RnnZoo.Tests --filter FullyQualifiedName~Documentation.Generated");
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
