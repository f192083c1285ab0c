using System.CommandLine;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo notebooks`: runs the notebooks, and refreshes or checks what they show.</summary>
internal static class NotebooksCommand
{
    public static Command Create(CliHost host)
    {
        var file = Values.Text("--file", "The one notebook to run; by default all in notebooks/", "a notebook");
        var check = new Option<bool>("--check") { Description = "Write nothing; exit code 1 if a cell fails or an output has changed by more than its tolerance" };
        var command = new ExampleCommand(
            "notebooks",
            "Runs the notebooks of a clone, cell by cell, and saves what they show.",
            ("rnnzoo notebooks", "run all, and refresh their outputs"),
            ("rnnzoo notebooks --check --file notebooks/01-vanishing-gradient.ipynb", "does one still show what it showed?"))
        {
            file, check,
        };
        command.SetAction((parsed, cancellation) => new NotebooksRun(host, parsed.GetValue(file), parsed.GetValue(check)).RunAsync(cancellation));
        return command;
    }
}
