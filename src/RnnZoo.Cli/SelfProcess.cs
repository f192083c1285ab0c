using System.Diagnostics;

namespace RnnZoo.Cli;

/// <summary>Runs this program in a process of its own, for what must be measured apart.</summary>
internal static class SelfProcess
{
    /// <summary>Runs a command line to its end.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    /// <param name="cancellation">Kills the process.</param>
    /// <param name="environment">Variables to set in the process on top of this one's; null for none.</param>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has its last line on standard error.</exception>
    public static Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
        => RunAsync(Host(), CommandLine(arguments), null, cancellation, environment);

    /// <summary>Starts a command line with its three streams in our hands.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    public static Process Start(IEnumerable<string> arguments) => Start(Host(), CommandLine(arguments));

    /// <summary>Starts another .NET program on the same runtime, with its three streams in our hands.</summary>
    /// <param name="assembly">The path of its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Process StartAssembly(string assembly, IEnumerable<string> arguments) => Start(Host(), ["exec", assembly, .. arguments]);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its path or name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from standard input; null for nothing.</param>
    /// <param name="cancellation">Kills the process.</param>
    /// <param name="environment">Variables to set in the process on top of this one's; null for none.</param>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has its last line on standard error.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, string? input, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(program, arguments, environment);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0
                ? await output
                : throw new InvalidOperationException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}: {(await error).TrimEnd().Split('\n')[^1]}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Starts a program with its three streams in our hands.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static string[] CommandLine(IEnumerable<string> arguments)
    {
        var assembly = typeof(SelfProcess).Assembly.Location;
        return ["exec", "--runtimeconfig", Path.ChangeExtension(assembly, ".runtimeconfig.json"), assembly, .. arguments];
    }

    // The dotnet that runs this process; a program with a host of its own name has dotnet beside or on the path.
    private static string Host()
    {
        var current = Environment.ProcessPath;
        var isDotnet = Path.GetFileNameWithoutExtension(current) == "dotnet";
        return isDotnet ? current! : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
    }
}
