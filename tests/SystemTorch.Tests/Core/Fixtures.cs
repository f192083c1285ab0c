using System.Reflection;
using System.Text.Json;

namespace SystemTorch.Tests.Core;

/// <summary>Files made by the genuine TorchSharp, found as every test project finds them.</summary>
internal static class Fixtures
{
    public static string Path(string name)
    {
        var folder = Environment.GetEnvironmentVariable("RNNZOO_FIXTURES") is { Length: > 0 } set ? set : BesideTheRepository();
        var path = System.IO.Path.Combine(folder, "fixtures", "torchsharp", name);
        Skip.IfNot(File.Exists(path), $"{path} is missing: set RNNZOO_FIXTURES to the folder that holds fixtures/torchsharp");
        return path;
    }

    public static JsonElement Json(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path(name)));
        return document.RootElement.Clone();
    }

    public static double[] Numbers(JsonElement entry, string property = "values") =>
        [.. entry.GetProperty(property).EnumerateArray().Select(value => value.GetDouble())];

    private static string BesideTheRepository()
    {
        var folder = new DirectoryInfo(System.IO.Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "RnnZoo.sln")))
        {
            folder = folder.Parent;
        }
        return System.IO.Path.Combine(folder?.Parent?.FullName ?? "/", "shared");
    }
}
