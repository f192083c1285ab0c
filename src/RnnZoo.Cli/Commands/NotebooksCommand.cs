using System.CommandLine;
using System.Diagnostics;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo notebooks`: runs the notebooks, and refreshes or checks what they show.</summary>
internal sealed class NotebooksCommand : ExampleCommand
{
    private readonly ValueOption<string?> _file = Values.Text("--file", "The one notebook to run; by default all in notebooks/", "a notebook");
    private readonly Option<bool> _check = Values.Flag("--check", "Write nothing; exit code 1 if a cell fails or an output has changed by more than its tolerance");

    public NotebooksCommand(CliHost host)
        : base(
            "notebooks",
            "Runs the notebooks of a clone, cell by cell, and saves what they show.",
            ("rnnzoo notebooks", "run all, and refresh their outputs"),
            ("rnnzoo notebooks --check --file notebooks/01-vanishing-gradient.ipynb", "does one still show what it showed?"))
    {
        AddOptions(_file, _check);
        SetAction((parsed, cancellation) => new NotebooksRun(host, parsed.GetValue(_file), parsed.GetValue(_check)).RunAsync(cancellation));
    }
}

/// <summary>
/// Runs notebooks, each in a process of its own: the runner brings the C# compiler, which nothing else here needs, and what
/// one notebook loads or sets does not reach the next.
/// </summary>
internal sealed class NotebooksRun(CliHost host, string? file, bool check)
{
    /// <returns>Success if all ran and, under --check, none has changed.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var runner = Runner();
        var failed = 0;
        foreach (var notebook in Files())
        {
            var watch = Stopwatch.StartNew();
            var (exitCode, _, error) = await SelfProcess.RunAssemblyAsync(runner, [check ? "check" : "run", notebook], cancellation);
            failed += exitCode == 0 ? 0 : 1;
            var outcome = exitCode != 0 ? "failed" : check ? "unchanged" : "done";
            await host.Output.WriteLineAsync($"{Path.GetFileName(notebook)}: {outcome} ({watch.Elapsed.TotalSeconds:0.0} s)");
            if (error.Trim().Length > 0)
            {
                await host.Error.WriteLineAsync(error.TrimEnd());
            }
        }

        return failed == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private IReadOnlyList<string> Files()
    {
        if (file is not null)
        {
            var path = Path.GetFullPath(file, host.WorkingDirectory);
            return File.Exists(path) ? [path] : throw new UsageException($"--file: expected a notebook, got '{file}', which is no file.");
        }

        var folder = Path.Combine(host.WorkingDirectory, "notebooks");
        string[] found = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.ipynb").Order(StringComparer.Ordinal)] : [];
        return found.Length > 0 ? found : throw new UsageException($"rnnzoo notebooks: expected notebooks in {folder}, got none; name one by --file, or run it in a clone of the project.");
    }

    // Both programs are built into neighbouring folders: bin/<project>/<configuration>/.
    internal static string Runner()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var runner = Path.Combine(here.Parent!.Parent!.FullName, "RnnZoo.Notebooks", here.Name, "RnnZoo.Notebooks.dll");
        return File.Exists(runner)
            ? runner
            : throw new InvalidOperationException("the notebook runner is not built: notebooks are run from a clone of the project, after dotnet build.");
    }
}
