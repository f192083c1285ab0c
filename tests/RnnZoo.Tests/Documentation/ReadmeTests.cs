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
    public void FirstExample_TrainsBelowTheMemorylessLoss()
    {
        var lines = Run(Examples()[0]);

        Assert.Equal(3, lines.Length);
        var last = Regex.Match(lines[^1], @"^step 300: ([0-9.]+) nats per step \(memoryless ([0-9.]+)\)$");
        Assert.True(last.Success, $"unexpected last line: {lines[^1]}");
        Assert.InRange(Number(last.Groups[1]), 0, 0.5 * Number(last.Groups[2]));
    }

    [Fact]
    public void ExampleOfLookingInside_PrintsANormAndAJacobiansSize()
    {
        var lines = Run(Examples()[1]);

        var norms = Regex.Match(lines[0], @"^norm of dL/dc at the last step ([-+.0-9E]+), at the first ([-+.0-9E]+)$");
        Assert.True(norms.Success, $"unexpected line: {lines[0]}");
        Assert.InRange(Number(norms.Groups[2]), 0, Number(norms.Groups[1]));
        Assert.Matches(@"^ln of the norm of ds_100/ds_90: -[.0-9]+$", lines[1]);
    }

    [Fact]
    public void ExampleOfLongSequences_Runs()
    {
        Assert.Equal(3, Examples().Length);
        Assert.Empty(Run(Examples()[2]));
    }

    /// <summary>What a program prints, by lines.</summary>
    private static string[] Run(string code)
    {
        var program = Compile(code);
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

        return printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
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

    /// <summary>The README's C# blocks.</summary>
    private static string[] Examples()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        return [.. Regex.Matches(readme, "^```csharp\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline).Select(block => block.Groups[1].Value)];
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
}
