using RnnZoo.Cli;
using RnnZoo.Zoo;

namespace RnnZoo.Fuzz;

/// <summary>The files that are changed: the folders of a tiny model of the copy task and of a run of `train chars`.</summary>
internal static class Corpus
{
    public const string Text = "text.txt";
    public const string Checkpoint = "checkpoint-000000002.safetensors";

    private const string Recipe = """
        {
          "format": 1, "name": "copy", "summary": "Tiny.", "licence": "MIT",
          "recipe": {
            "kind": "sequences", "task": { "name": "copy", "settings": { "delay": 2, "symbols": 1 } }, "net": { "cell": "lstm", "hidden": 3 },
            "initialisation": "default", "stages": [ { "training": { "steps": 2, "batchSize": 2, "finalSequences": 2 } } ],
            "measureSequences": 2000, "seeds": [1], "committedSeed": 1
          }
        }
        """;

    /// <summary>Where it is beside this program.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "corpus");

    /// <summary>Puts a fresh copy of a folder of the corpus in a folder's place.</summary>
    public static void Copy(string name, string to)
    {
        if (Directory.Exists(to))
        {
            Directory.Delete(to, recursive: true);
        }

        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.Combine(Path, name)))
        {
            File.Copy(file, System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)));
        }
    }

    /// <summary>Makes the corpus anew, in the working directory.</summary>
    public static async Task Make()
    {
        Directory.CreateDirectory("copy");
        Directory.CreateDirectory("chars");
        await File.WriteAllTextAsync($"copy/{ModelFolder.Manifest}", Recipe);
        await File.WriteAllTextAsync($"chars/{Text}", string.Concat(Enumerable.Repeat("abc\né ba", 8)));
        await Run("zoo train copy --models . --write");
        await Run("zoo export copy --models . --output .");
        await Run($"train chars --text chars/{Text} --output chars --cell gru --hidden 3 --streams 2 --chunk 5 --steps 2 --validate-every 1 --threads 1");
        File.Move("copy.dat", "copy/weights.dat");
        string[] others = ["copy.safetensors", ModelFolder.Manifest, .. new[] { "copy", "chars" }.SelectMany(folder => new[] { ModelFolder.Card, ModelFolder.Curve, "results.json", ".lock" }.Select(file => $"{folder}/{file}"))];
        Array.ForEach(others, File.Delete);
        Directory.Delete("runs", recursive: true);
        var run = $"chars/{ModelFolder.Manifest}";
        await File.WriteAllTextAsync(run, (await File.ReadAllTextAsync(run)).Replace(System.IO.Path.GetFullPath("chars"), "chars", StringComparison.Ordinal));
    }

    private static async Task Run(string arguments)
    {
        var code = await CliApplication.RunAsync(arguments.Split(' '), new CliHost(Console.Out, Console.Error));
        if (code != ExitCodes.Success)
        {
            throw new InvalidOperationException($"{arguments}: ended with {code}.");
        }
    }
}
