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
    var notebook = NotebookRunner.Load(file);
    var changes = await NotebookRunner.RunAsync(file, notebook);
    if (args[0] == "run")
    {
        NotebookRunner.Save(file, notebook);
        return 0;
    }

    foreach (var change in changes)
    {
        await Console.Error.WriteLineAsync(change);
    }

    return changes.Count == 0 ? 0 : 1;
}
catch (Exception failure) when (failure is NotebookException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
