using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

namespace RnnZoo.Notebooks;

/// <summary>Runs pieces of C# one after the other, each with what the ones before it declared. `#r` and `#load` lines are honoured.</summary>
internal sealed class ScriptSession
{
    // What .NET Interactive imports for C#.
    private static readonly string[] Imports =
        ["System", "System.IO", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq"];

    private readonly ScriptHost _host;
    private readonly ScriptOptions _options;
    private ScriptState<object>? _state;

    /// <param name="host">What the code can call.</param>
    /// <param name="directory">Where relative paths of `#r` and `#load` start.</param>
    public ScriptSession(ScriptHost host, string directory)
    {
        _host = host;
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetDirectoryName(path) == framework && !Path.GetFileName(path).StartsWith("Microsoft.VisualBasic", StringComparison.Ordinal));
        _options = ScriptOptions.Default
            .WithLanguageVersion(LanguageVersion.Latest)
            .WithImports(Imports)
            .WithReferences(platform.Select(path => MetadataReference.CreateFromFile(path)))
            .WithMetadataResolver(ScriptMetadataResolver.Default.WithBaseDirectory(directory).WithSearchPaths(directory))
            .WithSourceResolver(ScriptSourceResolver.Default.WithBaseDirectory(directory))
            .WithOptimizationLevel(OptimizationLevel.Release);
    }

    /// <summary>Runs a piece.</summary>
    /// <returns>The value of its last expression, if it ends with one.</returns>
    /// <exception cref="CompilationErrorException">It does not compile.</exception>
    public async Task<object?> RunAsync(string code)
    {
        _state = _state is null
            ? await CSharpScript.RunAsync<object>(code, _options, _host, typeof(ScriptHost))
            : await _state.ContinueWithAsync<object>(code, _options);
        return _state.ReturnValue;
    }
}
