using System.Text.Json;
using RnnZoo.Cli;

namespace RnnZoo.Tests.Cli;

/// <summary>One run of the command line, in this process.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<CliRun> Of(string folder, string arguments, CancellationToken cancellation = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost(output, error) { WorkingDirectory = folder };
        var code = await CliApplication.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), host, cancellation);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
