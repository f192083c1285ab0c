using System.Security.Cryptography;
using System.Text;

namespace RnnZoo.Tests.Zoo;

/// <summary>Recipes that train in a second or two.</summary>
internal static class TinyModels
{
    public const string Copy = "copy-lstm-h16.t2";
    public const string Text = "chars-gru-h8.abc";

    public static string CopyRecipe { get; } = $$"""
        {
          "format": 1,
          "name": "{{Copy}}",
          "summary": "A tiny LSTM that repeats three symbols.",
          "notes": "It *forgets*.",
          "licence": "MIT",
          "recipe": {
            "kind": "sequences",
            "task": { "name": "copy", "settings": { "delay": 2, "symbols": 3 } },
            "net": { "cell": "lstm", "hidden": 16 },
            "initialisation": "orthogonal+chrono:3+one-hot",
            "stages": [
              { "task": { "name": "copy", "settings": { "delay": 1, "symbols": 3 } }, "training": { "steps": 50, "batchSize": 16, "learningRate": 0.02, "finalSequences": 64 } },
              { "training": { "steps": 150, "batchSize": 16, "learningRate": 0.02, "schedule": "cosine", "clipNorm": 0.25, "evaluateEvery": 50, "finalSequences": 64,
                "curriculum": [ { "steps": 20, "task": { "name": "copy-variable", "settings": { "maxDelay": 2, "symbols": 3 } } } ] } }
            ],
            "measureSequences": 2000,
            "seeds": [1, 2, 3],
            "committedSeed": 2
          }
        }
        """;

    public static string SampleText { get; } = string.Concat(Enumerable.Range(0, 300).Select(line => $"line {line * 7 % 13}: é and {(char)('a' + (line % 5))}.\n"));

    public static string TextRecipe { get; } = $$"""
        {
          "recipe": {
            "committedSeed": 4,
            "seeds": [4],
            "kind": "characters",
            "text": { "title": "Some lines", "source": "make them", "sha256": "{{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(SampleText)))}}" },
            "heldOutShare": 0.2,
            "net": { "cell": "gru", "hidden": 8 },
            "training": { "steps": 60, "streams": 4, "chunkLength": 10, "learningRate": 0.02, "validateEvery": 20, "reportEvery": 10, "checkpointEvery": 20 }
          },
          "format": 1, "name": "{{Text}}", "summary": "A tiny character model.", "licence": "MIT"
        }
        """;

    /// <summary>Writes a recipe into a folder of models.</summary>
    /// <returns>The model's folder.</returns>
    public static string Write(string models, string name, string recipe)
    {
        var folder = Directory.CreateDirectory(Path.Combine(models, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), recipe);
        return folder;
    }

    /// <summary>Copies a folder of models, for a test that changes it.</summary>
    public static void CopyAll(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
