using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using RnnZoo.Modules;
using TorchSharp;

namespace RnnZoo.Tests.Documentation;

/// <summary>The README's code, taken from the README as it stands, compiled and run.</summary>
[Collection(ConsoleCollection.Name)]
public class ReadmeTests
{
    [Fact]
    public async Task Example_RunAsItStands_TrainsBelowTheMemorylessLoss()
    {
        var printed = new StringWriter();
        var console = Console.Out;
        Console.SetOut(printed);
        torch.manual_seed(1);
        try
        {
            await CSharpScript.RunAsync(Example(), ScriptOptions.Default
                .AddReferences(typeof(object).Assembly, typeof(torch).Assembly, typeof(SequenceModel).Assembly)
                .AddImports("System"));
        }
        finally
        {
            Console.SetOut(console);
        }

        var lines = printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        var last = Regex.Match(lines[^1], @"^step 300: ([0-9.]+) nats per step \(memoryless ([0-9.]+)\)$");
        Assert.True(last.Success, $"unexpected last line: {lines[^1]}");
        Assert.InRange(Number(last.Groups[1]), 0, 0.5 * Number(last.Groups[2]));
    }

    /// <summary>The first C# block of the README.</summary>
    private static string Example()
    {
        var readme = File.ReadAllText(Path.Combine(RepositoryRoot(), "README.md"));
        var block = Regex.Match(readme, "^```csharp\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline);
        Assert.True(block.Success, "the README has no C# block");
        return block.Groups[1].Value;
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RnnZoo.sln")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        return folder.FullName;
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
}
