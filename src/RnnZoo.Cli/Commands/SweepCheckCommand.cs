using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo sweep check`: trains drawn cells of a sweep again, and holds what comes against what its table says.</summary>
internal sealed class SweepCheckCommand : ExampleCommand
{
    private const double Spreads = 3;

    public SweepCheckCommand(CliHost host)
        : base(
            "check",
            "Trains some cells of a sweep again, drawn from those that are done, and compares. On the same kind of machine the same numbers come out; elsewhere they have to agree within three times the spread of the cell's seeds, if it has several. Nothing is written.",
            ("rnnzoo sweep check runs/plan --draws 3", "three cells of the sweep"))
    {
        var name = SweepCommand.Folder();
        var draws = Values.Whole("--draws", "How many cells to train", 1, 1);
        var seed = Values.Seed("--seed", "Draws the cells", 1);
        var json = Values.Json();
        Add(name);
        AddOptions(draws, seed, json);
        SetAction((parsed, cancellation) => Task.FromResult(Run(host, SweepCommand.Open(host, parsed.GetValue(name)), parsed.GetValue(draws), parsed.GetValue(seed), parsed.GetValue(json), cancellation)));
    }

    private static int Run(CliHost host, SweepFolder folder, int draws, long seed, bool json, CancellationToken cancellation)
    {
        var cells = folder.Results();
        var scores = SweepScore.OfEachRate(cells);
        (SweepCell Cell, SweepResult Result)[] done = [.. cells.Where(item => item.Result is not null).Select(item => (item.Cell, item.Result!))];
        if (done.Length == 0)
        {
            throw new InvalidDataException($"{folder.Path}: expected trainings that are done, got none; rnnzoo sweep PLAN --output {folder.Path} does them.");
        }

        new Random((int)(seed % int.MaxValue)).Shuffle(done);
        var drawn = done[..Math.Min(draws, done.Length)];
        var checks = new List<SweepAgain>();
        using (var line = new StatusLine(host))
        {
            foreach (var (cell, before) in drawn)
            {
                line.Show($"{checks.Count}/{drawn.Length}; {cell.Name}: {before.ProcessorSeconds:0} s of one core the first time");
                if (folder.Measure(cell, host.Time.GetLocalNow(), cancellation) is not { } now)
                {
                    break;
                }

                checks.Add(new SweepAgain(cell, before, now, scores.Single(score => (score.Task, score.Length, score.Net, score.LearningRate) == (cell.Task, cell.Length, cell.Net, cell.LearningRate))));
            }
        }

        host.Print(
            json,
            () => JsonText.Write(document =>
            {
                document.WriteString("plan", folder.Hash);
                document.WriteObjects("checks", checks, check =>
                {
                    document.WriteString("cell", check.Cell.Name);
                    document.WriteString("metric", check.Score.Metric.Name);
                    document.WriteFinite("before", check.Before.Value);
                    document.WriteFinite("now", check.Now.Value);
                    document.WriteFinite("spread", check.Spread);
                    document.WriteString("verdict", check.Verdict);
                });
            }),
            () => ReportConsole.Write(host, ReportTable.Of(
                TableBorder.Rounded,
                checks,
                new("training", check => check.Cell.Name),
                new("before", check => check.Number(check.Before.Value)) { IsRight = true },
                new("now", check => check.Number(check.Now.Value)) { IsRight = true },
                new("its seeds", check => check.Spread is { } spread ? $"{check.Number(check.Score.Mean)} ± {check.Number(spread)}" : "–") { IsRight = true },
                new("", check => check.Verdict))),
            $"{checks.Count(check => check.IsSame || check.IsInSpread)} of {checks.Count} agree; in spread is at most {Spreads} standard deviations between the seeds from their mean");
        return checks.Count < drawn.Length ? ExitCodes.Interrupted : checks.Any(check => check.Differs) ? ExitCodes.Failure : ExitCodes.Success;
    }

    /// <summary>A training, and the same again.</summary>
    private sealed record SweepAgain(SweepCell Cell, SweepResult Before, SweepResult Now, SweepScore Score)
    {
        /// <summary>The standard deviation between the seeds, or that of the measurement where it is larger; null of one seed, which tells nothing of others.</summary>
        public double? Spread => Score.Deviation is { } deviation ? Math.Max(deviation, Math.Max(Before.Metrics[0].StandardError, Now.Metrics[0].StandardError)) : null;

        // One that diverged has no number; it agrees if it diverges again.
        public bool IsSame => (Before.Steps, Before.Ended) == (Now.Steps, Now.Ended) && Before.Metrics.SequenceEqual(Now.Metrics);

        public bool IsInSpread => Now.Value is { } value && Before.Value is not null && Math.Abs(value - Score.Mean) <= Spreads * Spread;

        public bool Differs => !IsSame && !IsInSpread && Spread is not null;

        public string Verdict => IsSame ? "the same" : IsInSpread ? "in spread" : Differs ? "differs" : "one seed";

        public string Number(double? value) => NumberText.OfMetric(Score.Metric, value).Trim();
    }
}
