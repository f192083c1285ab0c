using System.Reflection;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>SystemTorch shows nothing that the genuine TorchSharp does not show in the same words.</summary>
public class PublicSurfaceTests
{
    private const int FewestMembers = 300;

    private static readonly Assembly s_assembly = Assembly.Load("SystemTorch");

    [SkippableFact]
    public void EveryVisibleMember_IsInTheListingOfTorchSharp()
    {
        var comparison = new ListingComparison(ReadListing());
        string[] foreign = [.. comparison.Foreign(SurfaceRenderer.Render(s_assembly))];
        Assert.True(foreign.Length == 0, $"{foreign.Length} lines are not in the listing:\n{string.Join('\n', foreign)}");
    }

    [SkippableFact]
    public void AbstractMembers_OfEveryVisibleType_AreAllThere()
    {
        var comparison = new ListingComparison(ReadListing());
        string[] missing = [.. comparison.MissingAbstract([.. SurfaceRenderer.Render(s_assembly)])];
        Assert.True(missing.Length == 0, $"{missing.Length} abstract members are missing:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public void Render_SystemTorch_IsNotNearlyEmpty()
    {
        int members = SurfaceRenderer.Render(s_assembly).Count(line => line.Kind is not ("TYPE" or "ENUM"));
        Assert.True(members >= FewestMembers, $"expected at least {FewestMembers} members, rendered {members}");
    }

    private static List<SurfaceLine> ReadListing()
    {
        string path = Path.Combine(FixturesDirectory(), "api", "torchsharp-0.106.0.txt");
        Skip.IfNot(File.Exists(path), $"the listing of TorchSharp's surface is not at {path}; set RNNZOO_FIXTURES");
        List<SurfaceLine> lines = [.. File.ReadLines(path).Where(line => line.Length > 0).Select(SurfaceLine.Parse)];
        Assert.True(lines.Count > 5000, $"{path}: expected more than 5000 lines, got {lines.Count}");
        return lines;
    }

    private static string FixturesDirectory()
    {
        if (Environment.GetEnvironmentVariable("RNNZOO_FIXTURES") is { Length: > 0 } chosen)
        {
            return chosen;
        }

        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "RnnZoo.sln")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory?.Parent?.FullName ?? AppContext.BaseDirectory, "shared");
    }
}
