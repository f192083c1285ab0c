using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using TorchSharp;

namespace RnnZoo.Tests.Documentation;

/// <summary>The README's code, taken from the README as it stands, compiled and run.</summary>
public class ReadmeTests
{
    [Fact]
    public void Example_CompiledAndRun_TrainsBelowTheMemorylessLoss()
    {
        var program = Compile(Example());
        var printed = new StringWriter();
        var console = Console.Out;
        Console.SetOut(printed);
        torch.manual_seed(1);
        try
        {
            program.EntryPoint!.Invoke(null, [Array.Empty<string>()]);
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

    /// <summary>A console program as a project with implicit usings would compile it, warnings as errors.</summary>
    private static Assembly Compile(string code)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "ReadmeExample",
            [CSharpSyntaxTree.ParseText("global using System; global using System.Linq;"), CSharpSyntaxTree.ParseText(code)],
            platform.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, generalDiagnosticOption: ReportDiagnostic.Error, nullableContextOptions: NullableContextOptions.Enable)
                .WithSpecificDiagnosticOptions(new Dictionary<string, ReportDiagnostic> { ["CS8019"] = ReportDiagnostic.Suppress, ["CS8933"] = ReportDiagnostic.Suppress }));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        return Assembly.Load(image.ToArray());
    }

    /// <summary>The first C# block of the README.</summary>
    private static string Example()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var block = Regex.Match(readme, "^```csharp\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline);
        Assert.True(block.Success, "the README has no C# block");
        return block.Groups[1].Value;
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
}
