using RnnZoo.Cli;
using RnnZoo.Cli.Commands;
using RnnZoo.Zoo;

namespace RnnZoo.Fuzz;

/// <summary>The files that are changed: the folders of a tiny model of the copy task, of a run of `train chars`, of images, and of a sweep.</summary>
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

    private const string Plan = """
        {
          "format": 1, "nets": ["lstm", "gru"], "hidden": 3, "batchSize": 2, "learningRates": [0.01], "seeds": [1, 2],
          "tasks": [
            { "name": "copy", "lengths": [2, 3], "settings": { "symbols": 1 }, "steps": 2, "stopAt": 0.9, "starts": { "gru": { "initialisation": "one-hot" } } },
            { "name": "characters", "label": "text", "lengths": [5], "steps": 3, "data": { "path": "text.txt" } }
          ]
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
        Directory.CreateDirectory("sweep");
        await File.WriteAllTextAsync($"sweep/{SweepFolder.PlanFile}", Plan);
        Directory.CreateDirectory("images");
        foreach (var part in new[] { "train", "t10k" }) // two images of 2 x 3 pixels
        {
            await File.WriteAllBytesAsync($"images/{part}-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
            await File.WriteAllBytesAsync($"images/{part}-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 2, 4, 9]);
        }

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
