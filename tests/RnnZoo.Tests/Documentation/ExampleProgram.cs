using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using TorchSharp;

namespace RnnZoo.Tests.Documentation;

/// <summary>A code block of the documentation as a program.</summary>
internal static class ExampleProgram
{
    /// <summary>Compiles and runs it.</summary>
    /// <param name="code">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it prints, by lines.</returns>
    public static string[] Run(string code, params string[] arguments)
    {
        var program = Compile(code);
        var printed = new StringWriter();
        var console = Console.Out;
        Console.SetOut(printed);
        torch.manual_seed(1);
        try
        {
            program.EntryPoint!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null);
        }
        finally
        {
            Console.SetOut(console);
        }

        return printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The names of the assemblies that it needs.</summary>
    public static string[] References(string code) => [.. Compile(code).GetReferencedAssemblies().Select(name => name.Name!)];

    /// <summary>A console program as a project with implicit usings would compile it (the SDK leaves CS1701 out), warnings as errors.</summary>
    private static Assembly Compile(string code)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        string[] implicitUsings = ["System", "System.Collections.Generic", "System.IO", "System.Linq"];
        var compilation = CSharpCompilation.Create(
            "DocumentationExample",
            [CSharpSyntaxTree.ParseText(string.Concat(implicitUsings.Select(name => $"global using {name};"))), CSharpSyntaxTree.ParseText(code)],
            platform.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, generalDiagnosticOption: ReportDiagnostic.Error, nullableContextOptions: NullableContextOptions.Enable)
                .WithSpecificDiagnosticOptions(new Dictionary<string, ReportDiagnostic> { ["CS1701"] = ReportDiagnostic.Suppress, ["CS8019"] = ReportDiagnostic.Suppress, ["CS8933"] = ReportDiagnostic.Suppress }));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        return Assembly.Load(image.ToArray());
    }
}
