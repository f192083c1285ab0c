using RnnZoo.Cli.Commands;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>docs/table.md is made from the results of the sweep in docs/table.</summary>
public class TablePageTests
{
    private const string Opening = """
        # Every net on every task

        What a net can learn, and what it cannot, with the same budget for all: every net of the library on copying after 100 and 1,000 steps, adding at 400 and 2,000, temporal order, parity, the King James Bible by characters (bits per character of its last twentieth), and Fashion-MNIST by rows. This page is made from the results of `rnnzoo sweep docs/table.json --output docs/table`; [the page on sweeps](sweep.md#the-plan-of-the-large-table) says how the starts were searched, and why the budgets are what they are: at most seven minutes of one core for a training, 25 for the two long tasks, which have one seed. A net that fails here fails within that budget. `rnnzoo sweep check docs/table` trains a drawn cell again and compares. Seconds are of a shared machine, and those of the first five tasks and of half of Fashion-MNIST's nets of a tool that was slower around the kernels: compare them within a factor of two.

        What stands out: an orthogonal recurrence alone copies after 1,000 steps, and only guesses where two numbers are to be added; gates do the reverse, but for the GRU (0.90 of the symbols), LEM and JANET, which do some of both. Nets whose step is linear in the state (minGRU, minLSTM, RG-LRU, LRU) cannot count a parity, and with a gate need a fiftieth of an LSTM's parameters, or less, to add. The LSTM and the LEM miss the temporal order with one seed of three. coRNN guesses on copies, and within this budget on adding too, with its authors' constants for that. The LEM adds over 400 steps and not over 2,000: it has 1,700 training steps of 20 sequences there and the usual Δt = 1, its authors take 0.0242 and about 2,000 of 50. IRNN and IndRNN diverge on 1,000 steps of copying, as weights without a bound do.


        """;

    [Fact]
    public void Page_IsWhatTheSweepCameTo()
    {
        var folder = SweepFolder.Open(Path.Combine(Repository.Root, "docs", "table"));
        GeneratedFile.Check("docs/table.md", Opening.ReplaceLineEndings("\n") + SweepReport.Page(folder, folder.Results(), "table"));
    }
}
