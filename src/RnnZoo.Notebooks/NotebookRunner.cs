using Microsoft.CodeAnalysis.Scripting;

namespace RnnZoo.Notebooks;

/// <summary>Runs a notebook's code cells in order.</summary>
public static class NotebookRunner
{
    /// <exception cref="NotebookException">A cell fails; the message has its number and its error.</exception>
    public static async Task<IReadOnlyList<CellResult>> RunAsync(Notebook notebook)
    {
        var host = new ScriptHost();
        var session = new ScriptSession(host, Path.GetDirectoryName(notebook.Path)!);
        var results = new List<CellResult>();
        var (console, directory) = (Console.Out, Environment.CurrentDirectory);
        Console.SetOut(host.Printed);
        Environment.CurrentDirectory = Path.GetDirectoryName(notebook.Path)!; // as notebook hosts do
        try
        {
            foreach (var cell in notebook.CodeCells)
            {
                results.Add(await RunAsync(notebook, cell, session, host));
            }
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = directory;
        }

        return results;
    }

    private static async Task<CellResult> RunAsync(Notebook notebook, NotebookCell cell, ScriptSession session, ScriptHost host)
    {
        try
        {
            if (await session.RunAsync(cell.Source) is { } value)
            {
                host.Show(CellOutput.Result, value);
            }
        }
        catch (CompilationErrorException wrong)
        {
            throw new NotebookException($"{notebook.Path}: cell {cell.Number} does not compile: {string.Join("; ", wrong.Diagnostics)}", wrong);
        }
        catch (Exception wrong)
        {
            throw new NotebookException($"{notebook.Path}: cell {cell.Number} fails: {wrong.GetType().Name}: {wrong.Message}", wrong);
        }

        var outputs = host.Take();
        if (!cell.IsExempt && outputs.SelectMany(output => output.Data.Values).Select(OutputComparer.TooPrecise).OfType<string>().FirstOrDefault() is { } number)
        {
            throw new NotebookException($"{notebook.Path}: cell {cell.Number} shows {number}: expected at most {OutputComparer.MostDigits} significant digits, for more differ from machine to machine.");
        }

        return new CellResult(cell, outputs, cell.IsExempt ? [] : OutputComparer.Changes($"{Path.GetFileName(notebook.Path)}, cell {cell.Number}", cell.Outputs, outputs, cell.Tolerance));
    }
}
