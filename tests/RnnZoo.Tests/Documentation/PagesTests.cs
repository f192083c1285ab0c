namespace RnnZoo.Tests.Documentation;

/// <summary>The pages below docs/: their programs compile, run, and print what the page says; their links lead somewhere.</summary>
public class PagesTests
{
    /// <summary>Every C# program of every page, by page and position.</summary>
    public static TheoryData<string, int> Programs()
    {
        var data = new TheoryData<string, int>();
        foreach (var page in Pages())
        {
            for (var index = 0; index < new MarkdownPage(page).Programs().Length; index++)
            {
                data.Add(page, index);
            }
        }

        return data;
    }

    /// <summary>Every page, the README and those of the packages included.</summary>
    public static TheoryData<string> AllPages() => [.. Pages(), "README.md"];

    [Theory]
    [MemberData(nameof(Programs))]
    public void Program_Runs_AndPrintsWhatThePageSays(string page, int index)
    {
        var (code, printed) = new MarkdownPage(page).Programs()[index];

        var lines = ExampleProgram.Run(code);

        if (printed is not null)
        {
            Assert.Equal(printed.TrimEnd('\n'), string.Join('\n', lines.Select(line => line.TrimEnd('\r'))));
        }
    }

    [Theory]
    [MemberData(nameof(AllPages))]
    public void Links_LeadToFilesOfTheRepository(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;

        Assert.All(new MarkdownPage(page).LocalLinks(), link => Assert.True(Path.Exists(Path.Combine(folder, link)), $"{page}: {link}"));
    }

    [Fact]
    public void Readme_LinksEveryPage()
    {
        var linked = new MarkdownPage("README.md").LocalLinks();

        Assert.All(Pages().Where(page => page.StartsWith("docs/", StringComparison.Ordinal)), page => Assert.Contains(page, linked));
    }

    [Fact]
    public void AddingANet_ShowsTheCodeOfTheNetThatTheTestsAdd()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "Modules", "HalfRnn.cs"));

        var parts = new MarkdownPage("docs/adding-a-net.md").Code("cs");

        Assert.Equal(3, parts.Length);
        Assert.All(parts, part => Assert.Contains(part.TrimEnd('\n', '}'), source, StringComparison.Ordinal));
    }

    // The README's own programs have tests of their own.
    private static IEnumerable<string> Pages() => Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md")
        .Select(file => $"docs/{Path.GetFileName(file)}")
        .Concat(["src/RnnZoo/PACKAGE.md", "src/RnnZoo.Cli/PACKAGE.md"])
        .Order(StringComparer.Ordinal);
}
