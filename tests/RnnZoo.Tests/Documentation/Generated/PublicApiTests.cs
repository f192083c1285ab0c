using RnnZoo.Modules;
using SystemTorch.Tests.PublicSurface;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>The library's public surface is what PublicApi.txt says, one line a member, so that no change of it goes unseen.</summary>
public class PublicApiTests
{
    // What the compiler adds to every record says nothing that `record` does not.
    private static readonly string[] OfRecords = ["Equals(", "GetHashCode(", "ToString(", "PrintMembers(", "Deconstruct(", "op_Equality(", "op_Inequality(", "EqualityContract "];

    [Fact]
    public void Surface_IsTheListedOne()
    {
        var lines = SurfaceRenderer.Render(typeof(Lstm).Assembly)
            .Where(line => !IsOfRecords(line))
            .Select(line => line.ToString())
            .Order(StringComparer.Ordinal);

        GeneratedFile.Check("tests/RnnZoo.Tests/Documentation/Generated/PublicApi.txt", string.Join('\n', lines) + "\n");
    }

    private static bool IsOfRecords(SurfaceLine line)
        => Records.Contains(line.Owner) && Array.Exists(OfRecords, member => line.Text.Contains($" {member}", StringComparison.Ordinal));

    private static HashSet<string> Records { get; } = [.. typeof(Lstm).Assembly.GetTypes()
        .Where(type => type.GetMethod("<Clone>$") is not null || (type.IsValueType && type.GetMethod("op_Equality") is not null))
        .Select(type => TypeNames.Name(type))];
}
