using RnnZoo.Cli.Commands;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>docs/table.md is made from the results of the sweep in docs/table.</summary>
public class TablePageTests
{
    private const string Opening = """
        # Every net on every task

        What a net can learn, and what it cannot, with the same budget for all: every net of the library on copying after 100 and 1,000 steps, adding at 400 and 2,000, temporal order, parity, the King James Bible by characters (bits per character of its last twentieth), and Fashion-MNIST by rows. This page is made from the results of `rnnzoo sweep docs/table.json --output docs/table`; [the page on sweeps](sweep.md#the-plan-of-the-large-table) says how the starts were searched, and why the budgets are what they are: at most seven minutes of one core for a training, 25 for the two long tasks, which have one seed. A net that fails here fails within that budget. `rnnzoo sweep check docs/table` trains a drawn cell again and compares. Seconds are of a shared machine, and those of the first five tasks and of half of Fashion-MNIST's nets of a tool that was slower around the kernels: compare them within a factor of two.


        """;

    [Fact]
    public void Page_IsWhatTheSweepCameTo()
    {
        var folder = SweepFolder.Open(Path.Combine(Repository.Root, "docs", "table"));
        GeneratedFile.Check("docs/table.md", Opening.ReplaceLineEndings("\n") + SweepReport.Page(folder, folder.Results(), "table"));
    }
}
