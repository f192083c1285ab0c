using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>docs/nets.md is made from the registry, from nets made for it, and from what each cell's documentation says of it.</summary>
public partial class NetsPageTests
{
    private const long I = 10, H = 128;

    private const string Opening = """
        # Where a net belongs

        This page is made from the registry and the cells. Of each net it shows the step forward, in the equations of its cell's file and with their numbers, W_ih x_t being the input's part and W_hh h_{t-1} the state's; what it remembers, by its step's Jacobian, whose equations stand further down in that file; and where it ends. `rnnzoo flow --models NET` and `rnnzoo lyapunov --cell NET` [measure](flow.md) what is said here.

        Parameters are those of one layer. The first of the starts is the net's own, and [`Initialisers`](../src/RnnZoo/Modules/Initialisers.cs) says what each is. Settings are constants of the equations, chosen by the constructor, by `SequenceModel.Create`, or in a recipe. A kernel of its own is a loop over time that was written for the cell; other cells' equations run as a program of vector instructions ([speed](speed.md)).

        """;

    [Fact]
    public void Page_IsWhatTheRegistryAndTheCellsSay()
    {
        var summaries = LibrarySummary.Read();
        var page = new StringBuilder(Opening.ReplaceLineEndings("\n"));
        foreach (var kind in RecurrentNets.All.GroupBy(net => net.Cell))
        {
            Write(page, [.. kind], summaries[$"T:{kind.Key.FullName}"]!);
        }

        GeneratedFile.Check("docs/nets.md", page.ToString());
    }

    /// <param name="page">Where it goes.</param>
    /// <param name="nets">The nets of one cell.</param>
    /// <param name="summary">What the cell's documentation says.</param>
    private static void Write(StringBuilder page, RecurrentNet[] nets, XElement summary)
    {
        using var net = (nn.Module)nets[0].Make(new NetOptions(I, H));
        var module = (IRecurrentModule)net;
        var cell = (EquationCell)module.CellAt(0);
        var name = cell.GetType().Name;
        page.Append(CultureInfo.InvariantCulture, $"\n## {string.Join(", ", nets.Select(of => $"`{of.Name}`"))}\n\n");
        page.Append(CultureInfo.InvariantCulture, $"[`{net.GetType().Name}`](../src/RnnZoo/Modules/{net.GetType().Name}.cs) of [`{name}`](../src/RnnZoo/Cells/{name}.cs). ");
        page.Append(CultureInfo.InvariantCulture, $"{LibrarySummary.Line(summary.Nodes().TakeWhile(node => node is not XElement { Name.LocalName: "code" }))}\n\n```\n{Forward(summary)}\n```\n\n");
        page.Append(CultureInfo.InvariantCulture, $"- **Source.** {Source(summary)}\n");
        page.Append(CultureInfo.InvariantCulture, $"- **Remembers.** {Said(summary, "Memory: ")}\n");
        page.Append(CultureInfo.InvariantCulture, $"- **Limits.** {Said(summary, "Limits: ")}\n");
        page.Append(CultureInfo.InvariantCulture, $"- **State.** {string.Join(" and ", cell.StateSizes.Select(size => Times(size / H, "H")))}: {string.Join(" + ", cell.StateSizes)} numbers at H = {H}.\n");
        page.Append(CultureInfo.InvariantCulture, $"- **Parameters.** {Formula(nets[0])}: {Count(nets[0], I, H):N0} at I = {I}, H = {H}.{string.Concat(nets.Where(of => !of.HasBias).Select(of => $" The bias of `{of.Name}` cannot be left out."))}\n");
        page.Append(CultureInfo.InvariantCulture, $"- **Starts.** {string.Join("; ", nets.Select(of => (nets.Length > 1 ? $"`{of.Name}`: " : "") + string.Join(", ", of.Starts.Select(start => $"`{start}`"))))}.\n");
        if (nets[0].Settings.Count > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"- **Settings.** {string.Join(", ", nets[0].Settings.Select(setting => $"`{setting.Key}`, {setting.Value} by default"))}.\n");
        }

        page.Append(CultureInfo.InvariantCulture, $"- **Runs by** {(cell.Kernel is null ? "its equations, as a program" : "a kernel of its own")}{(module.Supports(BackwardPath.Native) ? ", or by libtorch's fused module" : "")}.\n");
    }

    // The equations before those of the way back.
    private static string Forward(XElement summary)
    {
        var lines = summary.Element("code")!.Value.Trim('\n', ' ').Split('\n');
        var indent = lines[1..].Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select((line, at) => at == 0 ? line : line[indent..]).TakeWhile(line => !line.StartsWith("backward", StringComparison.Ordinal)).Where(line => line != "forward"));
    }

    private static string Source(XElement summary)
    {
        var text = LibrarySummary.Line(summary.Nodes().Where(node => node is not XElement { Name.LocalName: "code" or "para" }));
        var source = SourceSentence().Match(text);
        Assert.True(source.Success, $"expected a sentence 'Source: …' in: {text}");
        return source.Groups[1].Value;
    }

    private static string Said(XElement summary, string label)
        => Assert.Single(summary.Elements("para").Select(para => LibrarySummary.Line(para.Nodes())), text => text.StartsWith(label, StringComparison.Ordinal))[label.Length..];

    private static long Count(RecurrentNet net, long inputSize, long hiddenSize)
    {
        using var made = (nn.Module)net.Make(new NetOptions(inputSize, hiddenSize));
        return made.parameters().Sum(parameter => parameter.numel());
    }

    // Fitted to small nets, and checked on a larger one.
    private static string Formula(RecurrentNet net)
    {
        var perInput = (Count(net, 2, 2) - Count(net, 1, 2)) / 2;
        var (one, two) = (Count(net, 1, 2) - (perInput * 2), Count(net, 1, 4) - (perInput * 4)); // 4a + 2b and 16a + 4b
        var square = (two - (2 * one)) / 8;
        var linear = (one - (4 * square)) / 2;
        Assert.Equal((perInput * I * H) + (square * H * H) + (linear * H), Count(net, I, H));
        (long Factor, string Of)[] terms = [(perInput, "HI"), (square, "H²"), (linear, "H")];
        return string.Join(" + ", terms.Where(term => term.Factor != 0).Select(term => Times(term.Factor, term.Of)));
    }

    private static string Times(long factor, string what) => factor == 1 ? what : $"{factor}{what}";

    // A full stop that ends no initial.
    [GeneratedRegex(@"Source: (.*?(?<!\b\p{Lu})\.)(?= |$)")]
    private static partial Regex SourceSentence();
}
