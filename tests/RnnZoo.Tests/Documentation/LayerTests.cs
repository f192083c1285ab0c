using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace RnnZoo.Tests.Documentation;

/// <summary>Which folder of the library may use which: data flows one way, as the README's table says.</summary>
public class LayerTests
{
    // Modules and Bptt know each other: a module runs its hand-written path, which reads the module's cells and weights.
    // The kernels know nothing but memory; the charts nothing but numbers.
    private const string Root = "(root)"; // TorchBackend alone: what loads TorchSharp

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        [Root] = [],
        // The bottom: how a value tells a notebook to show it, without a word about what is shown.
        ["Display"] = [],
        ["Charts"] = ["Display"],
        ["Tasks"] = ["Data", "Modules"],
        ["Bptt.Kernels"] = [],
        ["Modules"] = ["Bptt", "Display"],
        ["Data"] = ["Modules"],
        ["Bptt"] = ["Bptt.Kernels", "Modules", "Data"],
        ["Bptt.Verification"] = ["Bptt", "Display", "Modules"],
        ["Gradients"] = ["Bptt", "Charts", "Display", "Modules", "Gradients.Products"],
        ["Gradients.Products"] = [],
        ["Training"] = ["Bptt", "Charts", "Data", "Display", "Gradients", "Modules", "Tasks"],
        ["Zoo"] = [Root, "Charts", "Data", "Display", "Modules", "Tasks", "Training"], // the last: it reads models, trains them and draws their curves
    };

    [Fact]
    public void Library_UsesNoFolderThatItMayNot()
    {
        var used = Edges();

        Assert.Equal(Allowed.Keys.Order(), used.Keys.Order());
        string[] wrong = [.. used.SelectMany(edges => edges.Value.Where(edge => !Allowed[edges.Key].Contains(edge.To)).Select(edge => $"{edges.Key} → {edge.To}: {edge.Where}"))];
        Assert.True(wrong.Length == 0, string.Join("\n", wrong));
        Assert.Contains(used["Modules"], edge => edge.To == "Bptt"); // the test sees edges at all
        Assert.Contains(used["Bptt"], edge => edge.To == "Bptt.Kernels");
    }

    /// <summary>By folder: the other folders whose types its code names, each with one place.</summary>
    private static Dictionary<string, List<(string To, string Where)>> Edges()
    {
        var compilation = Library();
        Assert.DoesNotContain(compilation.GetDiagnostics(), diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        var edges = new Dictionary<string, List<(string To, string Where)>>();
        foreach (var tree in compilation.SyntaxTrees.Where(tree => tree.FilePath.EndsWith(".cs", StringComparison.Ordinal)))
        {
            var model = compilation.GetSemanticModel(tree);
            var root = tree.GetCompilationUnitRoot();
            var from = Folder(root.Members.OfType<BaseNamespaceDeclarationSyntax>().Single().Name.ToString());
            var found = edges.TryGetValue(from, out var known) ? known : edges[from] = [];
            foreach (var name in root.DescendantNodes().OfType<SimpleNameSyntax>())
            {
                if (model.GetSymbolInfo(name).Symbol is { } symbol and not INamespaceSymbol
                    && SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, compilation.Assembly)
                    && Folder(symbol.ContainingNamespace.ToDisplayString()) is var to && to != from && found.TrueForAll(edge => edge.To != to))
                {
                    found.Add((to, $"{Path.GetFileName(tree.FilePath)}, {symbol.Name}"));
                }
            }
        }

        return edges;
    }

    private static string Folder(string @namespace) => @namespace == "RnnZoo" ? Root : @namespace["RnnZoo.".Length..];

    private static CSharpCompilation Library()
    {
        var source = Path.Combine(Repository.Root, "src", "RnnZoo");
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories);
        string[] implicitUsings = ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Threading", "System.Threading.Tasks"];
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        return CSharpCompilation.Create(
            "RnnZoo",
            [
                CSharpSyntaxTree.ParseText(string.Concat(implicitUsings.Select(name => $"global using {name};")), options),
                .. files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)),
            ],
            platform.Where(path => Path.GetFileName(path) != "RnnZoo.dll").Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
    }
}
