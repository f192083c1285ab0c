using RnnZoo.Cli;

namespace RnnZoo.Fuzz;

/// <summary>
/// Runs the command line on changed files, many in this process: whatever kills it, kills the run. The number of the file under
/// way stands on standard output before it is read, and the most memory at the end.
/// </summary>
internal sealed class MutatedRuns(Target target, int seed)
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("rnnzoo-fuzz-").FullName;
    private int _succeeded;
    private int _refused;

    /// <returns>0 if every command ended as it should; else 1, with what went wrong on standard error.</returns>
    public async Task<int> Run(int count)
    {
        Memory.MakeStacksSmall();
        var original = await File.ReadAllBytesAsync(Path.Combine(Corpus.Path, target.Folder, target.File));
        try
        {
            if (await Try(original) is not null || _refused > 0)
            {
                await Console.Error.WriteLineAsync($"{target.Folder}/{target.File}: expected a file that is read, got one that is not; make the corpus anew.");
                return 1;
            }

            Memory.Limit();
            for (var number = 0; number < count; number++)
            {
                Console.WriteLine(number);
                var bytes = target.Sealed(Damage.Of(original, new Random((seed * 1_000_003) + number)));
                if (await Try(bytes) is { } problem)
                {
                    await Console.Error.WriteLineAsync($"{target.Name}, seed {seed}, file {number}: {problem}\n{Convert.ToBase64String(bytes)}");
                    return 1;
                }
            }

            Console.WriteLine($"{_succeeded} succeeded, {_refused} refused, {ResidentMemory.Peak >> 20} MB");
            return 0;
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <returns>What is wrong with how the commands ended; null if nothing is.</returns>
    private async Task<string?> Try(byte[] bytes)
    {
        foreach (var command in target.Commands)
        {
            Corpus.Copy(target.Folder, _folder);
            await File.WriteAllBytesAsync(Path.Combine(_folder, target.File), bytes);
            using var output = new StringWriter();
            using var error = new StringWriter();
            using var stop = new CancellationTokenSource(LongEnough);
            var line = command.Replace("*", _folder, StringComparison.Ordinal);
            var code = await CliApplication.RunAsync(line.Split(' '), new CliHost(output, error) { WorkingDirectory = _folder }, stop.Token);
            if (Problem(code, error.ToString().TrimEnd()) is { } problem)
            {
                return $"{line}: exit code {code}: {problem}";
            }
        }

        return null;
    }

    private string? Problem(int code, string error)
    {
        if (error.Contains("   at ", StringComparison.Ordinal) || error.Contains("frame #", StringComparison.Ordinal))
        {
            return $"a stack trace: {error}";
        }

        if (code is ExitCodes.Success or ExitCodes.Interrupted)
        {
            _succeeded++;
            return null;
        }

        _refused++;
        var last = error.Split('\n')[^1]; // before it a training may have said which checkpoints it passed over
        return last.Contains(_folder, StringComparison.Ordinal) && !last.StartsWith("rnnzoo: ", StringComparison.Ordinal)
            ? null
            : $"expected a line that names a file in {_folder}, got: {error}";
    }
}
