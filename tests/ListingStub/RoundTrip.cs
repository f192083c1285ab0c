using System.Reflection;
using SystemTorch.Tests.PublicSurface;

namespace ListingStub;

/// <summary>Renders the compiled stub and compares it with the listing that it was made from, both ways.</summary>
internal static class RoundTrip
{
    /// <summary>The number of lines that differ; each is printed.</summary>
    public static int Differences(string listingPath, string assemblyPath, IReadOnlyCollection<string> leftOut)
    {
        HashSet<string> listed = [.. File.ReadLines(listingPath).Where(l => l.Length > 0)];
        HashSet<string> rendered =
            [.. SurfaceRenderer.Render(Assembly.LoadFrom(Path.GetFullPath(assemblyPath))).Select(line => line.ToString())];
        string[] missing = [.. listed.Except(rendered).Except(leftOut).Order(StringComparer.Ordinal)];
        string[] added = [.. rendered.Except(listed).Order(StringComparer.Ordinal)];
        foreach (string line in missing)
        {
            Console.WriteLine($"listed, not rendered: {line}");
        }

        foreach (string line in added)
        {
            Console.WriteLine($"rendered, not listed: {line}");
        }

        Console.WriteLine($"{rendered.Count} lines rendered from the stub, {listed.Count} listed, {missing.Length + added.Length} differ");
        return missing.Length + added.Length;
    }
}
