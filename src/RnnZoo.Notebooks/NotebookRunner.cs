using Microsoft.CodeAnalysis;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Documents.Jupyter;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.DotNet.Interactive.PackageManagement;
using RnnZoo.Files;
using Documents = Microsoft.DotNet.Interactive.Documents;

namespace RnnZoo.Notebooks;

/// <summary>Runs a notebook's code cells in order, in the C# kernel of .NET Interactive itself.</summary>
public static class NotebookRunner
{
    /// <summary>At most this share of the code cells may be exempt from comparison.</summary>
    public const double LargestExemptShare = 0.25;

    private const string Kernel = "csharp";

    /// <summary>Reads a notebook, and checks that it is one in C# with code, most of which is compared.</summary>
    /// <exception cref="NotebookException">It is not; the message names the file.</exception>
    public static InteractiveDocument Load(string path)
    {
        InteractiveDocument notebook;
        try
        {
            notebook = Notebook.Parse(File.ReadAllText(path), new Documents.KernelInfoCollection { new Documents.KernelInfo(Kernel, "C#") });
        }
        catch (Exception wrong) when (wrong is not (IOException or UnauthorizedAccessException)) // the parser says of no exception that it is the one
        {
            throw new NotebookException($"{path}: expected a notebook in format 4: {wrong.Message}", wrong);
        }

        if (Entry(Entry(notebook.Metadata, "kernelspec") as IDictionary<string, object>, "name") is not ".net-csharp")
        {
            throw new NotebookException($"{path}: expected a notebook of the kernel .net-csharp.");
        }

        notebook.Metadata.Remove("polyglot_notebook"); // names the one kernel; what writes it cannot write what it has read
        var code = CodeCells(notebook);
        foreach (var (index, cell) in code.Index())
        {
            cell.KernelName = Kernel; // there is no other: no cell needs to say so in its metadata
            if (Tolerance(cell) is not (>= 0 and < 1)) // with 1 and more, any two numbers would be the same
            {
                throw new NotebookException($"{path}: code cell {index + 1}: metadata.tolerance: expected a number from 0 to below 1, got {Entry(cell.Metadata, "tolerance")}.");
            }
        }

        var exempt = code.Count(IsExempt);
        return code.Count > 0 && exempt <= code.Count * LargestExemptShare
            ? notebook
            : throw new NotebookException($"{path}: expected at most a quarter of the code cells tagged timing or environment, got {exempt} of {code.Count}.");
    }

    /// <summary>The cells that hold code.</summary>
    public static IReadOnlyList<InteractiveDocumentElement> CodeCells(InteractiveDocument notebook) => [.. notebook.Elements.Where(cell => cell.KernelName != "markdown")];

    /// <summary>
    /// Runs a notebook. It takes over what its cells show, but keeps saved outputs that differ by less than the cell's
    /// tolerance, so that a run on another machine changes nothing that has not changed.
    /// </summary>
    /// <returns>In which ways the outputs differ from those saved; cells that depend on the machine are not compared.</returns>
    /// <exception cref="NotebookException">A cell fails; the message has its number and its error.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(string path, InteractiveDocument notebook)
    {
        var (directory, changes) = (Environment.CurrentDirectory, new List<string>());
        Environment.CurrentDirectory = Path.GetDirectoryName(Path.GetFullPath(path))!; // as notebook hosts do
        try
        {
            using var kernel = new CompositeKernel
            {
                new CSharpKernel(Kernel).UseKernelHelpers().UseValueSharing().UseNugetDirective((csharp, packages) =>
                {
                    csharp.AddAssemblyReferences(packages.SelectMany(package => package.AssemblyPaths));
                    return Task.CompletedTask;
                }),
            };
            foreach (var (index, cell) in CodeCells(notebook).Index())
            {
                var where = $"{Path.GetFileName(path)}, code cell {index + 1}";
                var shown = Shown(where, await kernel.SendAsync(new SubmitCode(cell.Contents)), index + 1);
                var changed = IsExempt(cell) ? [] : OutputComparer.Changes(where, cell.Outputs, shown, Tolerance(cell));
                if (IsExempt(cell) || changed.Count > 0)
                {
                    cell.Outputs.Clear();
                    cell.Outputs.AddRange(shown);
                }

                cell.ExecutionOrder = index + 1;
                changes.AddRange(changed);
            }
        }
        finally
        {
            Environment.CurrentDirectory = directory;
        }

        return changes;
    }

    /// <summary>Writes a notebook as Jupyter does.</summary>
    public static void Save(string path, InteractiveDocument notebook) => AtomicFile.WriteText(path, Notebook.ToJupyterJson(notebook, Kernel) + "\n");

    /// <summary>Whether a cell's outputs depend on the machine or the moment.</summary>
    private static bool IsExempt(InteractiveDocumentElement cell) => Entry(cell.Metadata, "tags") is IEnumerable<object> tags && tags.Any(tag => tag is "timing" or "environment");

    /// <summary>By how much a number of a cell's outputs may differ, relative to its size; not a number if what is said there is none.</summary>
    private static double Tolerance(InteractiveDocumentElement cell) => (Entry(cell.Metadata, "tolerance") ?? OutputComparer.DefaultTolerance) as double? ?? double.NaN;

    private static object? Entry(IDictionary<string, object>? metadata, string name) => metadata is not null && metadata.TryGetValue(name, out var value) ? value : null;

    private static List<InteractiveDocumentOutputElement> Shown(string where, KernelCommandResult result, int order)
    {
        var (shown, places) = (new List<InteractiveDocumentOutputElement>(), new Dictionary<string, int>());
        foreach (var happened in result.Events)
        {
            switch (happened)
            {
                case CommandFailed { Exception: CodeSubmissionCompilationErrorException } failed:
                    throw new NotebookException($"{where} does not compile: {failed.Message.ReplaceLineEndings("; ")}");
                case CommandFailed failed:
                    throw new NotebookException($"{where} fails: {failed.Exception?.GetType().Name}: {failed.Exception?.Message ?? failed.Message}", failed.Exception);
                case DiagnosticsProduced found when found.Diagnostics.FirstOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning) is { } warning:
                    throw new NotebookException($"{where} would show its reader a warning of the compiler: {warning}");
                case StandardOutputValueProduced or StandardErrorValueProduced:
                    var (name, text) = (happened is StandardOutputValueProduced ? "stdout" : "stderr", ((DisplayEvent)happened).FormattedValues.Single().Value.ReplaceLineEndings("\n"));
                    if (shown.LastOrDefault() is TextElement last && last.Name == name)
                    {
                        shown[^1] = new TextElement(last.Text + text, name);
                    }
                    else
                    {
                        shown.Add(new TextElement(text, name));
                    }

                    break;
                case ReturnValueProduced value:
                    var element = new ReturnValueElement { ExecutionOrder = order };
                    foreach (var (form, content) in Forms(value))
                    {
                        element.Data[form] = content;
                    }

                    shown.Add(element);
                    break;
                case DisplayedValueUpdated value:
                    shown[places[value.ValueId]] = new DisplayElement(Forms(value));
                    break;
                case DisplayEvent value:
                    places[value.ValueId ?? ""] = shown.Count;
                    shown.Add(new DisplayElement(Forms(value)));
                    break;
            }
        }

        return shown;
    }

    private static Dictionary<string, object> Forms(DisplayEvent shown) => shown.FormattedValues.ToDictionary<FormattedValue, string, object>(form => form.MimeType, form => form.Value);
}
