using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo sweep`: trains every cell of a table, here or by Slurm.</summary>
internal sealed class SweepCommand : ExampleCommand
{
    private const string Local = "local";
    private const string Slurm = "slurm";

    private readonly Argument<string?> _plan = new("PLAN") { Description = "The plan: a JSON file with nets, tasks, lengths, learning rates and seeds", Arity = ArgumentArity.ZeroOrOne };
    private readonly ValueOption<string?> _output = Values.Text("--output", "The folder to write into; trainings that are done there are kept. By default runs/ and the plan's name", "a folder");
    private readonly ValueOption<int> _jobs = Values.Whole("--jobs", "How many trainings to run at a time, each in a process and on a thread of its own; of Slurm's tasks at most so many if it is given", 1, Environment.ProcessorCount);
    private readonly ValueOption<string> _engine = Values.Choice("--engine", "Where trainings run: in processes on this machine, or as one job array", [Local, Slurm], Local);
    private readonly ValueOption<string?> _partition = Values.Text("--partition", "Slurm: the partition", "a name");
    private readonly ValueOption<string?> _time = Values.Text("--time", "Slurm: the time limit of a task, as in 02:00:00", "a time");
    private readonly ValueOption<string?> _memory = Values.Text("--memory", "Slurm: the memory of a task, as in 4G", "an amount");
    private readonly ValueOption<int> _cores = Values.Whole("--cores", "Slurm: the cores of a task, which runs as many trainings at a time", 1, 1);
    private readonly ValueOption<string?> _modules = Values.Text("--modules", "Slurm: modules to load first, with commas between them", "names");
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();

    public SweepCommand(CliHost host)
        : base(
            "sweep",
            "Trains every net of a plan on every task, length, learning rate and seed. A sweep that was stopped or killed goes on with what is missing.",
            ("rnnzoo sweep plan.json", "all trainings, as many at a time as there are cores; the same command goes on"),
            ("rnnzoo sweep plan.json --engine slurm --time 01:00:00 --memory 4G", "the same as one job array, which reads and writes runs/plan"))
    {
        Add(_plan);
        AddOptions(_output, _jobs, _engine, _partition, _time, _memory, _cores, _modules, _json, _formats);
        Add(Status(host));
        Add(new SweepCheckCommand(host));
        Add(CellOf(host));
        SetAction((parsed, cancellation) => RunAsync(host, parsed, cancellation));
    }

    private async Task<int> RunAsync(CliHost host, ParseResult parsed, CancellationToken cancellation)
    {
        var slurm = parsed.GetValue(_engine) == Slurm;
        Option[] ofSlurm = [_partition, _time, _memory, _cores, _modules];
        if (!slurm && ofSlurm.FirstOrDefault(option => IsGiven(parsed, option)) is { } other)
        {
            throw new UsageException($"{other.Name}: expected none without --engine slurm; add that, or leave {other.Name} out.");
        }

        var file = parsed.GetValue(_plan) is { } name ? Path.Combine(host.WorkingDirectory, name) : null;
        if (!File.Exists(file))
        {
            throw new UsageException($"PLAN: expected the file of a plan, got {(file is null ? "none" : $"'{file}', which is no file")}; docs/sweep.md shows one.");
        }

        var plan = SweepPlan.Read(file).WithHashes(file);
        var path = OutputFolder.Make(host, parsed.GetValue(_output) ?? Path.Combine("runs", Path.GetFileNameWithoutExtension(file)), "sweep");
        using var taken = OutputFolder.Lock(path);
        var folder = SweepFolder.Make(path, plan);
        if (slurm)
        {
            var options = new SlurmOptions(parsed.GetValue(_partition), parsed.GetValue(_time), parsed.GetValue(_memory), parsed.GetValue(_cores), parsed.GetValue(_modules), IsGiven(parsed, _jobs) ? parsed.GetValue(_jobs) : null);
            return await SlurmArray.SubmitAsync(host, folder, options, cancellation);
        }

        folder.ClearHalves();
        var failed = await new SweepRun(host, folder).TrainAsync(parsed.GetValue(_jobs), cancellation);
        SweepReport.Write(host, folder, parsed.GetValue(_json), parsed.GetValue(_formats)!.Items);
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : failed ? ExitCodes.Failure : ExitCodes.Success;
    }

    private static ExampleCommand Status(CliHost host)
    {
        var (json, formats) = (Values.Json(), OutputFolder.Formats());
        var name = Folder();
        var command = new ExampleCommand("status", "Says which trainings of a sweep are done, wait or run in Slurm's queue, or are missing, and writes the table of those that are done.",
            ("rnnzoo sweep status runs/plan", "reads results and queue"))
        { name, json, formats };
        command.SetAction(async (parsed, cancellation) =>
        {
            var folder = Open(host, parsed.GetValue(name));
            var missing = SweepReport.Write(host, folder, parsed.GetValue(json), parsed.GetValue(formats)!.Items);
            IReadOnlyList<string>? tasks = null;
            try
            {
                tasks = missing == 0 ? null : await SlurmArray.TasksAsync(folder, cancellation);
            }
            catch (UsageException problem) // a machine without that Slurm can read results all the same
            {
                host.Error.WriteLine($"The job's queue cannot be read: {problem.Message}");
            }

            host.Error.WriteLine(missing == 0 ? $"All {folder.Cells.Count} trainings are done." : tasks is null ? $"{missing} of {folder.Cells.Count} trainings are missing; rnnzoo sweep PLAN --output {folder.Path} goes on."
                : tasks.Count == 0 ? $"{missing} of {folder.Cells.Count} trainings are missing; no task of the job is in the queue, so rnnzoo sweep PLAN --engine slurm --output {folder.Path} submits them again; {Path.Combine(folder.Path, "logs")} tells why."
                : $"{missing} of {folder.Cells.Count} trainings are missing; of the job's tasks {string.Join(", ", tasks.CountBy(state => state).Select(count => $"{count.Value} {count.Key.ToLowerInvariant()}"))}.");
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The command of one training's process, which the help does not show.</summary>
    private static Command CellOf(CliHost host)
    {
        var (name, number) = (new Argument<string?>("FOLDER"), new Argument<int>("NUMBER"));
        var command = new Command(SweepRun.CellCommand, "Trains one cell of a sweep, unless it is done.") { name, number };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) =>
        {
            var folder = Open(host, parsed.GetValue(name));
            var cell = folder.Cells.ElementAtOrDefault(parsed.GetValue(number)) ?? throw new UsageException($"NUMBER: expected 0 to {folder.Cells.Count - 1}, got {parsed.GetValue(number)}.");
            var result = folder.ResultOf(cell);
            host.Output.WriteLine(result is null ? $"{cell.Name}: begins" : $"{cell.Name}: is done");
            result ??= folder.Train(cell, host.Time.GetLocalNow(), cancellation);
            return Task.FromResult(result is null ? ExitCodes.Interrupted : ExitCodes.Success);
        });
        return command;
    }

    /// <summary>The sweep that a command is about; <see cref="Open"/> opens it.</summary>
    internal static Argument<string?> Folder() => new("FOLDER") { Description = "The folder of a sweep", Arity = ArgumentArity.ZeroOrOne };

    internal static SweepFolder Open(CliHost host, string? folder) =>
        SweepFolder.Open(Path.GetFullPath(Path.Combine(host.WorkingDirectory, folder ?? throw new UsageException("FOLDER: expected the folder of a sweep, got none."))));
}

/// <summary>Trains what is missing in processes on this machine.</summary>
internal sealed class SweepRun(CliHost host, SweepFolder folder)
{
    public const string CellCommand = "cell";

    private readonly Lock _gate = new();
    private readonly Dictionary<SweepCell, SweepResult> _done = folder.Cells.Select(cell => (cell, result: folder.ResultOf(cell))).Where(pair => pair.result is not null).ToDictionary(pair => pair.cell, pair => pair.result!);
    private readonly List<SweepCell> _failed = [];

    /// <returns>Whether a training failed; what was cancelled did not.</returns>
    public async Task<bool> TrainAsync(int jobs, CancellationToken cancellation)
    {
        var waiting = folder.Cells.Select((cell, number) => (cell, number)).Where(item => !_done.ContainsKey(item.cell)).ToArray();
        using var line = new StatusLine(host);
        line.Show($"{_done.Count} of {folder.Cells.Count} trainings are done");
        try
        {
            await Parallel.ForEachAsync(waiting, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellation }, async (item, stop) =>
            {
                string said;
                try
                {
                    await SelfProcess.RunAsync(["sweep", CellCommand, folder.Path, $"{item.number}"], stop);
                    var result = folder.ResultOf(item.cell) ?? throw new InvalidOperationException("expected a result, got none");
                    said = $"{item.cell.Name}: {result.Metrics[0].Name} {NumberText.Of(result.Value, "0.####")}, ended by {result.Ended} after {result.Steps:#,0} steps, {result.Seconds:0.0} s";
                    lock (_gate)
                    {
                        _done[item.cell] = result;
                    }
                }
                catch (Exception problem) when (problem is InvalidOperationException or InvalidDataException && !stop.IsCancellationRequested)
                {
                    said = $"{item.cell.Name}: failed: {problem.Message}";
                    lock (_gate)
                    {
                        _failed.Add(item.cell);
                    }
                }

                lock (_gate)
                {
                    line.Show($"{_done.Count}/{folder.Cells.Count}, {Remaining(jobs)}; {said}");
                }
            });
        }
        catch (OperationCanceledException)
        {
            // What is done is reported.
        }

        return _failed.Count > 0;
    }

    // A training takes as long as those of its task and length did, or as all did where none of these is done.
    private string Remaining(int jobs)
    {
        SweepCell[] left = [.. folder.Cells.Where(cell => !_done.ContainsKey(cell) && !_failed.Contains(cell))];
        if (_done.Count == 0 || left.Length == 0)
        {
            return left.Length == 0 ? "none left" : "time left unknown";
        }

        var mean = _done.Values.Average(result => result.ProcessorSeconds);
        var means = _done.GroupBy(done => (done.Key.Task, done.Key.Length)).ToDictionary(group => group.Key, group => group.Average(done => done.Value.ProcessorSeconds));
        var seconds = left.Sum(cell => means.GetValueOrDefault((cell.Task, cell.Length), mean)) / Math.Min(jobs, left.Length);
        return seconds < 90 ? $"about {seconds:0} s left" : seconds < 5400 ? $"about {seconds / 60:0} min left" : $"about {seconds / 3600:0.0} h left";
    }
}
