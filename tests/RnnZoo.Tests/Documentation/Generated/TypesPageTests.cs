using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>docs/types.md is made from the library itself: every public type, by namespace, with the first sentence of its documentation.</summary>
public partial class TypesPageTests
{
    private const int MostTypes = 144;

    private const string Opening = """
        # The types, by namespace

        This page is made from the library: every public type with the first sentence of its documentation. What is not here is internal.

        """;

    // What somebody who imports a namespace is after.
    private static readonly (string Namespace, string Purpose)[] Purposes =
    [
        ("RnnZoo.Modules", "Nets: drop-ins for nn.RNN, nn.LSTM and nn.GRU, more nets, models with a readout, initialisation, and the registry of all nets."),
        ("RnnZoo.Cells", "One step of each net: its equations and parameters; the state."),
        ("RnnZoo.Bptt", "A backward pass that throws what went wrong inside."),
        ("RnnZoo.Gradients", "Gradients seen from inside: hooks, norms at each step, Jacobians and their products, Lyapunov exponents."),
        ("RnnZoo.Verification", "Gradients checked against each other."),
        ("RnnZoo.Streams", "Long sequences in chunks: truncated BPTT, and exact BPTT in little memory."),
        ("RnnZoo.Tasks", "Tasks that ask for memory."),
        ("RnnZoo.Training", "A trainer for tasks, and what it records."),
        ("RnnZoo.Characters", "Character models: vocabulary, training, sampling."),
        ("RnnZoo.Zoo", "Trained models and their recipes."),
        ("RnnZoo.Files", "safetensors."),
        ("RnnZoo.Plots", "Pictures."),
        ("RnnZoo", "What loads TorchSharp, and seeds."),
    ];

    [Fact]
    public void Page_IsWhatTheLibraryHas()
    {
        var types = typeof(Seeds).Assembly.GetExportedTypes();
        var summaries = LibrarySummary.Read();
        var page = new StringBuilder(Opening.ReplaceLineEndings("\n"));
        foreach (var (space, purpose) in Purposes)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {space}\n\n{purpose}\n\n| type | what it is |\n|---|---|\n");
            foreach (var type in types.Where(type => type.Namespace == space).OrderBy(type => type.Name, StringComparer.Ordinal))
            {
                page.Append(CultureInfo.InvariantCulture, $"| `{NameOf(type)}` | {FirstSentence(summaries[$"T:{type.FullName!.Replace('+', '.')}"])} |\n");
            }
        }

        Assert.Empty(types.Select(type => type.Namespace).Except(Purposes.Select(purpose => purpose.Namespace)));
        GeneratedFile.Check("docs/types.md", page.ToString());
        Assert.InRange(types.Length, 1, MostTypes); // as many as fit into a head
    }

    private static string NameOf(Type type) => type.IsGenericTypeDefinition
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(argument => argument.Name))}>"
        : type.IsNested ? $"{type.DeclaringType!.Name}.{type.Name}" : type.Name;

    private static string FirstSentence(XElement? summary)
    {
        var text = LibrarySummary.Line((summary?.Nodes() ?? []).TakeWhile(node => node is not XElement { Name.LocalName: "code" or "para" })).Replace("|", "\\|", StringComparison.Ordinal);
        var end = SentenceEnd().Match(text);
        return end.Success ? text[..(end.Index + 1)] : text.TrimEnd(':') + (text.EndsWith('.') ? "" : ".");
    }

    [GeneratedRegex(@"\.(?= |$)")]
    private static partial Regex SentenceEnd();
}
