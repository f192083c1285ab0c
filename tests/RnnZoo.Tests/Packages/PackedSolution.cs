using System.IO.Compression;
using System.Text.RegularExpressions;

namespace RnnZoo.Tests.Packages;

/// <summary>The packages of the solution for one binding, made once for all tests, without building what is built.</summary>
public sealed class PackedSolution : IDisposable
{
    // As in artifacts/<binding>/bin/RnnZoo.Tests/<configuration>/.
    private static readonly string Configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _reasons = [];

    /// <summary>The folder with the packages.</summary>
    public string Feed(string binding) => _folder.File($"feed-{binding}");

    /// <summary>A NuGet cache that starts empty, one for each binding.</summary>
    public string Cache(string binding) => _folder.File($"cache-{binding}");

    /// <summary>The version that the packages have.</summary>
    public string Version(string binding)
        => Directory.EnumerateFiles(Feed(binding), "*.nupkg").Select(file => Regex.Match(Path.GetFileName(file), @"^RnnZoo\.(\d.*)\.nupkg$")).Single(match => match.Success).Groups[1].Value;

    /// <summary>A package of the feed, opened.</summary>
    public ZipArchive Open(string binding, string id) => ZipFile.OpenRead(Path.Combine(Feed(binding), $"{id}.{Version(binding)}.nupkg"));

    /// <summary>Packs the solution, unless that was done; skips the test where this machine cannot.</summary>
    public async Task NeedAsync(string binding)
    {
        if (!_reasons.TryGetValue(binding, out var reason))
        {
            reason = _reasons[binding] = await WhyNotAsync(binding);
            if (reason is null)
            {
                var text = await PackAsync(binding, "RnnZoo.sln", Feed(binding));
                Assert.DoesNotContain("warning", text, StringComparison.OrdinalIgnoreCase);
            }
        }

        Skip.If(reason is not null, reason);
    }

    /// <summary>Packs the solution or one project.</summary>
    /// <returns>What was printed.</returns>
    internal static async Task<string> PackAsync(string binding, string project, string output)
    {
        // The restore and the build before this used the machine's own cache, and so does the packing.
        string[] arguments = ["pack", project, "-c", Configuration, "-o", output, "-v", "quiet", "-nologo", $"-p:TorchBinding={binding}"];
        return await DotNet.RunAsync(MachineCache(), Repository.Root, "dotnet", IsBuilt(binding) ? [.. arguments, "--no-build"] : arguments);
    }

    public void Dispose() => _folder.Dispose();

    // The tool for TorchSharp is made once for each platform, and a build makes it for none.
    private static bool IsBuilt(string binding)
        => binding == "SystemTorch" && File.Exists(Path.Combine(Repository.Root, "artifacts", binding, "bin", "RnnZoo.Cli", Configuration, "RnnZoo.Cli.dll"));

    private static string MachineCache()
        => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private async Task<string?> WhyNotAsync(string binding)
    {
        if (binding == "SystemTorch")
        {
            return IsBuilt(binding) ? null : "SystemTorch is not built here: the binding is TorchSharp.";
        }

        const string version = ConsumerProject.TorchSharpVersion;
        var project = new ConsumerProject(Directory.CreateDirectory(_folder.File("ask")).FullName, $"""<PackageReference Include="TorchSharp" Version="[{version}]" />""", "");
        var (exitCode, text) = await DotNet.TryAsync(Cache("ask"), project.Folder, "dotnet", "restore", "-v", "quiet");
        Assert.True(exitCode == 0 || Regex.IsMatch(text, "NU110[123]"), text); // no other reason may skip the test
        return exitCode == 0 ? null : $"the package feed has no TorchSharp {version}.";
    }
}
