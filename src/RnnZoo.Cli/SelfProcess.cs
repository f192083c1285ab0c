using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli;

/// <summary>Runs this program in a process of its own, for what must be measured apart.</summary>
internal static class SelfProcess
{
    /// <summary>A command for such a process, which the help does not show: it takes its job as JSON, and prints what came of it.</summary>
    public static Command CreateCommand<T>(CliHost host, string name, string description, Func<T, string> work)
    {
        var job = new Argument<string>("job");
        var command = new Command(name, description) { job };
        command.Hidden = true;
        command.SetAction(parsed => host.Output.WriteLine(
            work(JsonSerializer.Deserialize<T>(parsed.GetValue(job)!) ?? throw new UsageException("job: expected a job, got null."))));
        return command;
    }

    /// <summary>Runs a command line to its end.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    /// <param name="cancellation">Kills the process.</param>
    /// <param name="environment">Variables to set in the process on top of this one's; null for none.</param>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has its last line on standard error.</exception>
    public static async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = StartDotnet(CommandLine(arguments), environment);
        var (exitCode, output, error) = await FinishAsync(process, cancellation);
        return exitCode == 0
            ? output
            : throw new InvalidOperationException($"{Path.GetFileName(Host())} ended with exit code {exitCode}: {error.TrimEnd().Split('\n')[^1]}");
    }

    /// <summary>Starts a command line with its three streams in our hands.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    public static Process Start(IEnumerable<string> arguments) => StartDotnet(CommandLine(arguments));

    /// <summary>Runs another .NET program on the same runtime to its end.</summary>
    /// <param name="assembly">The path of its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellation">Kills the process.</param>
    public static async Task<(int ExitCode, string Output, string Error)> RunAssemblyAsync(string assembly, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = StartDotnet(["exec", assembly, .. arguments]);
        return await FinishAsync(process, cancellation);
    }

    /// <summary>The words of a command line that other programs, such as a shell, can run.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    public static IEnumerable<string> CommandOf(IEnumerable<string> arguments) => [Host(), .. CommandLine(arguments)];

    /// <summary>Waits for a process with its three streams in our hands; cancelled, kills it and all that it started.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> FinishAsync(Process process, CancellationToken cancellation)
    {
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static Process StartDotnet(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Host(), arguments)
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
