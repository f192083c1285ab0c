using System.Text.Json;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>What one process of its own has to do.</summary>
/// <param name="Kind">Which work.</param>
/// <param name="Chunk">k; <see cref="TbpttSettings.Full"/> for the whole stream.</param>
/// <param name="Settings">The rest.</param>
internal sealed record RowJob(RowKind Kind, int Chunk, TbpttSettings Settings)
{
    /// <summary>The command of the program that does it, which its help does not show.</summary>
    public const string Command = "tbptt-row";

    /// <summary>
    /// The settings of .NET's garbage collector in these processes: collections when 4 MiB are allocated, whatever the size of
    /// the processor's caches, and no threads of its own, so that a run's peak does not depend on when it collects.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_GCgen0size"] = "400000", // hexadecimal
    };

    /// <summary>Does the work in a process of its own.</summary>
    public async Task<T> RunApartAsync<T>(CancellationToken cancellation)
    {
        var answer = await SelfProcess.RunAsync([Command, JsonSerializer.Serialize(this)], cancellation, Environment);
        return JsonSerializer.Deserialize<T>(answer)!;
    }

    /// <summary>Does the work in this process, which must be a fresh one.</summary>
    /// <param name="text">A job as JSON.</param>
    /// <returns>What came of it, as JSON.</returns>
    public static string RunHere(string text)
    {
        var job = JsonSerializer.Deserialize<RowJob>(text) ?? throw new UsageException("job: expected a job, got null.");
        return job.Kind == RowKind.Train
            ? JsonSerializer.Serialize(RecallTraining.Run(job))
            : JsonSerializer.Serialize(GradientProbe.Measure(job));
    }
}
