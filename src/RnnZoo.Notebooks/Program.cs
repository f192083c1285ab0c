using System.Globalization;
using RnnZoo.Notebooks;

// Called by `rnnzoo notebooks`, one process for each notebook: run|check FILE. What must be said goes to standard error;
// exit code 1: a cell failed, or an output has changed.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not ["run" or "check", var file])
{
    await Console.Error.WriteLineAsync("expected: run FILE or check FILE");
    return 2;
}

try
{
    var notebook = Notebook.Load(file);
    notebook.CheckRules();
    var results = await NotebookRunner.RunAsync(notebook);
    string[] changes = [.. results.SelectMany(result => result.Changes)];
    if (args[0] == "run")
    {
        notebook.Update(results);
        notebook.Save(file);
        return 0;
    }

    foreach (var change in changes)
    {
        await Console.Error.WriteLineAsync(change);
    }

    return changes.Length == 0 ? 0 : 1;
}
catch (Exception failure) when (failure is NotebookException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
