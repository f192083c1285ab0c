using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace RnnZoo.Tests.Documentation;

/// <summary>Which folder of the library may use which: the picture in docs/decisions.md, read from left to right.</summary>
public class LayerTests
{
    private const string Root = "(root)"; // what has no folder, and uses none: argument checks, seeds, what loads TorchSharp

    // Each row may use the rows above it; folders of one row know nothing of each other, but for what is drawn beside them.
    private static readonly string[][] Rows =
    [
        [Root],
        ["Kernels", "Display", "Files"],
        ["Cells", "Plots"],
        ["Bptt"],
        ["Modules"],
        ["Verification", "Gradients", "Streams", "Tasks"],
        ["Training"],
        ["Characters"],
        ["Zoo"],
    ];

    // The first rows are three strands, which meet in Modules.
    private static readonly Dictionary<string, string[]> Strands = new()
    {
        ["Kernels"] = [],
        ["Cells"] = ["Kernels"],
        ["Bptt"] = ["Kernels", "Cells"],
        ["Display"] = [],
        ["Plots"] = ["Display"],
        ["Files"] = [],
    };

    [Fact]
    public void Library_UsesNoFolderThatItMayNot()
    {
        var used = Edges();

        Assert.Equal(Rows.SelectMany(row => row).Order(), used.Keys.Order());
        string[] wrong = [.. used.SelectMany(edges => edges.Value.Where(edge => !MayUse(edges.Key, edge.To)).Select(edge => $"{edges.Key} → {edge.To}: {edge.Where}"))];
        Assert.True(wrong.Length == 0, string.Join("\n", wrong));
        Assert.Contains(used["Modules"], edge => edge.To == "Bptt"); // the test sees edges at all
        Assert.Contains(used["Bptt"], edge => edge.To == "Kernels");
    }

    private static bool MayUse(string from, string to) =>
        to == Root || (Strands.TryGetValue(from, out var strand) ? strand.Contains(to) : Row(to) < Row(from));

    private static int Row(string folder) => Array.FindIndex(Rows, row => row.Contains(folder));

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
                    && Folder(symbol.ContainingNamespace.ToDisplayString()) is var to && to != from && !found.Exists(edge => edge == (to, Where(tree, symbol))))
                {
                    found.Add((to, Where(tree, symbol)));
                }
            }
        }

        return edges;
    }

    private static string Where(SyntaxTree tree, ISymbol symbol) => $"{Path.GetFileName(tree.FilePath)}, {symbol.Name}";

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
