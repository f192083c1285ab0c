using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnZoo.Cli.Commands;
using RnnZoo.Tests.Documentation;

namespace RnnZoo.Tests.Packages;

/// <summary>What `dotnet pack` gives, used as its users would: from an empty cache, with the feeds that are configured.</summary>
public sealed class PackageTests(PackedSolution packages) : IClassFixture<PackedSolution>
{
    [Fact]
    public async Task Pack_GivesALibraryThatBringsNothingNative_AndATool()
    {
        await packages.NeedAsync();

        string[] expected = ["RnnZoo.Cli.linux-x64.nupkg", "RnnZoo.Cli.nupkg", "RnnZoo.Cli.osx-arm64.nupkg", "RnnZoo.Cli.win-x64.nupkg", "RnnZoo.nupkg", "RnnZoo.snupkg"];
        var version = packages.Version;
        Assert.Equal(expected, Directory.GetFiles(packages.Feed).Select(file => Path.GetFileName(file).Replace($".{version}", "")).Order(StringComparer.Ordinal));

        using var library = packages.Open("RnnZoo");
        var files = library.Entries.Select(entry => entry.FullName).ToArray();
        string[] parts = ["lib/net10.0/RnnZoo.dll", "lib/net10.0/RnnZoo.xml", "README.md", "LICENSE", "fonts/LICENSE.txt", "icon.png"];
        Assert.All(parts, part => Assert.Contains(part, files));
        Assert.DoesNotContain(files, file => file.StartsWith("runtimes/", StringComparison.Ordinal));
        var versions = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"));
        string[] needed = ["Google.Protobuf", "OnnxSharp", "ScottPlot", "TorchSharp"];
        Assert.Equal(needed.Select(name => (name, Regex.Match(versions, $"\"{name}\" Version=\"(.*?)\"").Groups[1].Value)), Dependencies(library).Order());
    }

    [Fact]
    public async Task Pack_OfTheSameBuild_GivesTheSameBytesAgain()
    {
        await packages.NeedAsync();
        using var folder = new TemporaryFolder();
        var name = $"RnnZoo.{packages.Version}.nupkg";

        await PackedSolution.PackAsync(Path.Combine("src", "RnnZoo"), folder.Path);

        Assert.Equal(File.ReadAllBytes(Path.Combine(packages.Feed, name)), File.ReadAllBytes(folder.File(name)));
    }

    [Fact]
    public async Task Project_MadeFromAnEmptyCache_TrainsTheReadmesExample()
    {
        await packages.NeedAsync();
        using var folder = new TemporaryFolder();
        var references = $"""<PackageReference Include="RnnZoo" Version="{packages.Version}" /><PackageReference Include="TorchSharp-cpu" Version="{TorchBackend.TorchSharpVersion}" />""";
        var project = new ConsumerProject(folder.Path, references, new MarkdownPage("README.md").Code()[0]);

        var lines = await project.RunAsync(packages.Cache, packages.Feed);

        var losses = lines.Select(line => Regex.Match(line, @"^step \d00: ([0-9.]+) nats per step \(memoryless ([0-9.]+)\)$")).ToArray();
        Assert.Equal(3, losses.Length);
        Assert.All(losses, match => Assert.True(match.Success, string.Join('\n', lines)));
        Assert.InRange(Number(losses[2], 1), 0, 0.9 * Number(losses[0], 1));
        Assert.InRange(Number(losses[2], 1), 0, 0.5 * Number(losses[2], 2));
    }

    [Fact]
    public async Task Tool_InstalledFromTheFolder_VerifiesGradients_AndHasTheModels()
    {
        await packages.NeedAsync();
        using var folder = new TemporaryFolder();
        var (cache, version) = (packages.Cache, packages.Version);
        await DotNet.RunAsync(
            cache, folder.Path, "dotnet", "tool", "install", "RnnZoo.Cli", "--version", version, "--tool-path", "tools", "--add-source", packages.Feed);
        var tool = folder.File(Path.Combine("tools", OperatingSystem.IsWindows() ? "rnnzoo.exe" : "rnnzoo"));

        Assert.Matches($@"^rnnzoo \d\S*\s+TorchSharp \S+\s+libtorch \S+\s*$", await DotNet.RunAsync(cache, folder.Path, tool, "--version"));
        var verified = await DotNet.RunAsync(cache, folder.Path, tool, "verify", "--cells", "vanilla", "--json");
        Assert.Contains("\"passed\": true", verified, StringComparison.Ordinal);
        var listed = await DotNet.RunAsync(cache, folder.Path, tool, "zoo", "list");
        Assert.All(Models(), name => Assert.Contains(name, listed, StringComparison.Ordinal));
        var readme = Path.Combine("models", "README.md");
        Assert.Contains(Directory.EnumerateFiles(folder.File("tools"), "*", SearchOption.AllDirectories), file => file.EndsWith(readme, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Notebook_ByPackage_ShowsTheReadmesChart()
    {
        await packages.NeedAsync();
        using var folder = new TemporaryFolder();
        var cell = Regex.Replace(
            new MarkdownPage("README.md").Code("c#").Single(),
            "^#r .*\n#r .*\n",
            $"#i \"nuget:{packages.Feed}\"\n#r \"nuget: RnnZoo, {packages.Version}\"\n#r \"nuget: TorchSharp-cpu, {TorchBackend.TorchSharpVersion}\"\n");
        Assert.StartsWith("#i ", cell, StringComparison.Ordinal);
        var notebook = new JsonObject
        {
            ["cells"] = new JsonArray(new JsonObject { ["cell_type"] = "code", ["metadata"] = new JsonObject(), ["source"] = cell }),
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        var path = folder.File("package.ipynb");
        await File.WriteAllTextAsync(path, notebook.ToJsonString());

        await DotNet.RunAsync(packages.Cache, folder.Path, "dotnet", NotebooksRun.Runner(), "run", path);

        var shown = await File.ReadAllTextAsync(path);
        Assert.Contains("\"image/svg+xml\"", shown, StringComparison.Ordinal);
        var recall = Regex.Match(shown, @"recall on fresh sequences.*?to (0\.\d+|1)\b");
        Assert.True(recall.Success && Number(recall, 1) > 0.95, recall.Value); // what the README says
    }

    private static IEnumerable<string> Models() => Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "models"), "model.json", SearchOption.AllDirectories)
        .Select(file => Path.GetFileName(Path.GetDirectoryName(file)!));

    private static (string Id, string Version)[] Dependencies(ZipArchive package)
    {
        using var specification = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return [.. XDocument.Load(specification).Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Select(element => (element.Attribute("id")!.Value, element.Attribute("version")!.Value))];
    }

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
