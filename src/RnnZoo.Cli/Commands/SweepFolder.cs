using RnnZoo.Cli.Options;
using RnnZoo.Files;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>What came of one training.</summary>
/// <param name="Plan">The plan's <see cref="SweepPlan.Hash"/>.</param>
/// <param name="Cell">The training's name.</param>
/// <param name="Ended">Why it ended: <c>steps</c>, a metric's name, or <c>diverged</c>.</param>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="ProcessorSeconds">How long it computed, measurements and start included.</param>
/// <param name="Parameters">How many numbers the net learned.</param>
/// <param name="Metrics">What it reaches; the task's own metric first.</param>
/// <param name="Made">Where, and with what.</param>
internal sealed record SweepResult(
    string Plan, string Cell, string Ended, int Steps, double Seconds, double ProcessorSeconds, long Parameters, IReadOnlyList<MetricValue> Metrics, ModelProvenance Made)
{
    /// <summary>Whether the wanted value of the metric was reached.</summary>
    internal bool Solved => Ended == Metrics[0].Name;

    /// <summary>The task's metric; null if training diverged, for then it says nothing about the net.</summary>
    internal double? Value => Ended == StopReason.Diverged.Name() ? null : Metrics[0].Value;

    /// <exception cref="InvalidDataException">It is no result of this training; the message names the file.</exception>
    public static SweepResult Read(string file, string plan, SweepCell cell)
    {
        try
        {
            return ManifestJson.Read<SweepResult>(file, result => result.Validate(plan, cell));
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"{problem.Message} Delete the file to train {cell.Name} again.", problem);
        }
    }

    private void Validate(string plan, SweepCell cell)
    {
        Check.That(Plan == plan, "plan", $"a result of the plan {plan}", Plan);
        Check.That(Cell == cell.Name, "cell", $"'{cell.Name}'", Cell);
        Check.That(Metrics.Count > 0, "metrics", "at least one", 0);
        Check.That(Steps >= 0 && Steps <= cell.Steps, "steps", $"0 to {cell.Steps}", Steps);
        string[] ends = [StopReason.StepLimit.Name(), StopReason.Diverged.Name(), Metrics[0].Name];
        Check.That(ends.Contains(Ended), "ended", $"one of {string.Join(", ", ends)}", Ended);
        Check.That(Seconds >= 0 && ProcessorSeconds >= 0, "seconds", "at least 0", Math.Min(Seconds, ProcessorSeconds));
        Check.That(Parameters >= 1, "parameters", "at least 1", Parameters);
        Check.That(Metrics.All(metric => metric.StandardError >= 0 && metric.Count >= 1), "metrics", "standard errors of at least 0, and counts of at least 1", string.Join("; ", Metrics));
    }
}

/// <summary>The folder of a sweep: the plan, and a file for each training that is done.</summary>
internal sealed class SweepFolder
{
    public const string PlanFile = "plan.json";

    private readonly string _results;

    private SweepFolder(string path, SweepPlan plan) => (Path, Plan, Cells, Hash, _results) = (path, plan, plan.Cells(), plan.Hash(), System.IO.Path.Combine(path, "results"));

    public string Path { get; }

    public SweepPlan Plan { get; }

    public IReadOnlyList<SweepCell> Cells { get; }

    public string Hash { get; }

    /// <summary>Takes a folder for a plan, or goes on with it.</summary>
    /// <exception cref="InvalidDataException">It holds the results of another plan.</exception>
    public static SweepFolder Make(string path, SweepPlan plan)
    {
        var (folder, file) = (new SweepFolder(path, plan.In(path)), System.IO.Path.Combine(path, PlanFile));
        if (File.Exists(file) && SafeHash(file) is var hash && hash != folder.Hash)
        {
            throw new InvalidDataException($"{file}: expected the plan that is to be trained ({folder.Hash}), got another one ({hash}); name another folder with --output.");
        }

        Directory.CreateDirectory(folder._results);
        AtomicFile.WriteText(file, ManifestJson.Write(folder.Plan));
        return folder;
    }

    /// <summary>Deletes what trainings that were killed have left; none may be running.</summary>
    public void ClearHalves() => AtomicFile.ClearHalves(_results);

    /// <summary>Opens the folder of a sweep that was begun.</summary>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    public static SweepFolder Open(string path)
    {
        var file = System.IO.Path.Combine(path, PlanFile);
        return File.Exists(file)
            ? new SweepFolder(path, SweepPlan.Read(file))
            : throw new InvalidDataException($"{path}: expected the folder of a sweep, which holds {PlanFile}, got none; rnnzoo sweep PLAN begins one.");
    }

    /// <summary>What came of a training; null if it is not done.</summary>
    /// <exception cref="InvalidDataException">Its file is damaged, or of another plan.</exception>
    public SweepResult? ResultOf(SweepCell cell) => File.Exists(FileOf(cell)) ? SweepResult.Read(FileOf(cell), Hash, cell) : null;

    /// <summary>All trainings, and what came of those that are done.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or of another plan.</exception>
    public IReadOnlyList<(SweepCell Cell, SweepResult? Result)> Results() => [.. Cells.Select(cell => (cell, ResultOf(cell)))];

    /// <summary>Trains, and writes the result in one rename.</summary>
    /// <returns>Null if it was cancelled.</returns>
    public SweepResult? Train(SweepCell cell, DateTimeOffset day, CancellationToken cancellation)
    {
        var result = Measure(cell, day, cancellation);
        if (result is not null)
        {
            AtomicFile.WriteText(FileOf(cell), ManifestJson.Write(result));
        }

        return result;
    }

    /// <summary>Trains, and writes nothing.</summary>
    /// <returns>Null if it was cancelled.</returns>
    public SweepResult? Measure(SweepCell cell, DateTimeOffset day, CancellationToken cancellation)
    {
        using var trained = cell.Task.RecipeOf(cell).Train(cell.Seed, new RecipeRun { TextFile = cell.Task.Data?.File }, cancellation);
        if (trained.Reason == StopReason.Cancelled)
        {
            return null;
        }

        var parameters = trained.Net.parameters().Sum(parameter => parameter.numel());
        var made = ModelProvenance.Here(day, TrainingNames.Of(trained.Net.Recurrent.EffectiveBackward));
        return new SweepResult(Hash, cell.Name, trained.Ended, trained.Steps, Math.Round(trained.Seconds, 2), Math.Round(Environment.CpuUsage.TotalTime.TotalSeconds, 2), parameters, trained.Metrics, made);
    }

    private string FileOf(SweepCell cell) => System.IO.Path.Combine(_results, cell.Name + ".json");

    private static string SafeHash(string file)
    {
        try
        {
            return SweepPlan.Read(file).Hash();
        }
        catch (InvalidDataException)
        {
            return "that cannot be read";
        }
    }
}
