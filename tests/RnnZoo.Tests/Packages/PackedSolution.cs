using System.IO.Compression;
using System.Text.RegularExpressions;

namespace RnnZoo.Tests.Packages;

/// <summary>The packages of the solution, made once for all tests.</summary>
public sealed class PackedSolution : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private bool _isPacked;

    /// <summary>The folder with the packages.</summary>
    public string Feed => _folder.File("feed");

    /// <summary>A NuGet cache that starts empty.</summary>
    public string Cache => _folder.File("cache");

    /// <summary>The version that the packages have.</summary>
    public string Version
        => Directory.EnumerateFiles(Feed, "*.nupkg").Select(file => Regex.Match(Path.GetFileName(file), @"^RnnZoo\.(\d.*)\.nupkg$")).Single(match => match.Success).Groups[1].Value;

    /// <summary>A package of the feed, opened.</summary>
    public ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.nupkg"));

    /// <summary>Packs the solution, unless that was done.</summary>
    public async Task NeedAsync()
    {
        if (!_isPacked)
        {
            var text = await PackAsync("RnnZoo.sln", Feed);
            Assert.DoesNotContain("warning", text, StringComparison.OrdinalIgnoreCase);
            _isPacked = true;
        }
    }

    /// <summary>Packs the solution or one project.</summary>
    /// <returns>What was printed.</returns>
    internal static Task<string> PackAsync(string project, string output)
        => DotNet.RunAsync(DotNet.MachineCache, Repository.Root, "dotnet", "pack", project, "-o", output, "-v", "quiet", "-nologo");

    public void Dispose() => _folder.Dispose();
}
