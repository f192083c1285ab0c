using RnnZoo.Cli;
using RnnZoo.Cli.Report;
using Spectre.Console;

namespace RnnZoo.Tests.Cli;

public sealed class ReportConsoleTests
{
    [Fact]
    public void Table_AtAnyWidth_KeepsEveryWordWhole()
    {
        string[] words = ["copy-orthogonal-h128.t1000", "recall", "0.999194", "123,456,789", "orthogonal", "passed"];
        for (var width = 20; width <= 140; width++)
        {
            foreach (var border in new[] { TableBorder.Rounded, TableBorder.Simple })
            {
                using var output = new StringWriter();
                var table = new Table().Border(border);
                table.AddColumns([.. words.Select((_, index) => new TableColumn("column" + index))]);
                table.AddRow(words);

                ReportConsole.Write(new CliHost(output, TextWriter.Null) { Width = width }, table);

                var text = output.ToString();
                Assert.All(words, word => Assert.Contains(word, text, StringComparison.Ordinal));
                Assert.All(words.Select((_, index) => "column" + index), title => Assert.Contains(title, text, StringComparison.Ordinal));
            }
        }
    }
}
