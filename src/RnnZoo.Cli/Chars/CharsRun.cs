using System.Globalization;
using RnnZoo.Characters;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Training;
using TorchSharp;

namespace RnnZoo.Cli.Chars;

/// <summary>One training from its settings to its files.</summary>
/// <param name="host">Where it runs.</param>
/// <param name="settings">What to train; when a run is resumed, the text alone counts, and null means the run's own.</param>
/// <param name="json">Whether results are for programs.</param>
internal sealed class CharsRun(CliHost host, CharsSettings? settings, bool json)
{
    /// <summary>Begins a training.</summary>
    /// <param name="outputFolder">Where to write; null for a new folder.</param>
    /// <param name="cancellation">Ends it, with a checkpoint.</param>
    public int Begin(string? outputFolder, CancellationToken cancellation)
    {
        if (Opened(settings!) is not { } opened)
        {
            return ExitCodes.Failure;
        }

        using var text = opened.Text;
        var path = OutputFolder.Make(host, outputFolder, "chars");
        using var folder = CharsFolder.Begin(path, opened.Settings);
        return Train(folder, opened.Settings, text, cancellation);
    }

    /// <summary>Goes on with a training.</summary>
    /// <param name="runFolder">Its folder.</param>
    /// <param name="textPath">Where its text is now; null for where it was.</param>
    /// <param name="cancellation">Ends it, with a checkpoint.</param>
    public int Resume(string runFolder, string? textPath, CancellationToken cancellation)
    {
        CharsFolder folder;
        CharsSettings saved;
        try
        {
            (folder, saved) = CharsFolder.Open(Path.GetFullPath(Path.Combine(host.WorkingDirectory, runFolder)));
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return Failed("--resume", problem);
        }

        using (folder)
        {
            if (Opened(textPath is null ? saved : saved with { Text = textPath }) is not { } opened)
            {
                return ExitCodes.Failure;
            }

            using var text = opened.Text;
            return Train(folder, opened.Settings, text, cancellation);
        }
    }

    private (CharsSettings Settings, CharsText Text)? Opened(CharsSettings wanted)
    {
        try
        {
            var hash = CharsText.HashOf(wanted.Text);
            if (wanted.TextSha256 != "" && wanted.TextSha256 != hash)
            {
                throw new InvalidDataException($"{wanted.Text}: expected the text that the run began with, got another one; name that one with --text.");
            }

            return (wanted with { TextSha256 = hash }, CharsText.Open(wanted));
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Failed("--text", problem);
            return null;
        }
    }

    private int Train(CharsFolder folder, CharsSettings chosen, CharsText text, CancellationToken cancellation)
    {
        var threadsBefore = torch.get_num_threads();
        torch.set_num_threads(chosen.Threads);
        try
        {
            torch.manual_seed(Seeds.Derive(chosen.Seed, "weights"));
            using var model = new CharacterModel(text.Vocabulary, chosen.Shape);
            CharacterModelFolder.SaveShape(folder.Path, model);
            using var trainer = new CharacterTrainer(
                model, text.Training, text.Validation, chosen.Training, folder.Checkpoints, new CharsDisplay(host, folder, model, chosen));
            if (folder.Checkpoints.LoadNewest(problem => host.Error.WriteLine($"refused: {problem}")) is { } checkpoint)
            {
                trainer.Resume(checkpoint.Parts);
                host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"goes on after step {checkpoint.Step}"));
            }

            var reason = trainer.Run(cancellation);
            Report(folder, new CharsResult(chosen, model, text, trainer.Progress, reason));
            return reason switch
            {
                StopReason.Cancelled => ExitCodes.Interrupted,
                StopReason.Diverged => ExitCodes.Failure,
                _ => ExitCodes.Success,
            };
        }
        finally
        {
            torch.set_num_threads(threadsBefore);
        }
    }

    private void Report(CharsFolder folder, CharsResult result)
    {
        var document = CharsJson.Write(result);
        AtomicFile.WriteText(folder.File("results.json"), document);
        AtomicFile.WriteText(folder.File("chart.svg"), CharsChart.Figure(result).ToSvg() + "\n");
        CharsLog.Write(folder.File("log.jsonl"), result.Progress);
        if (json)
        {
            host.Output.Write(document);
            host.Error.WriteLine($"Written to {folder.Path}");
        }
        else
        {
            host.Output.WriteLine(TerminalLines.Render(CharsChart.Lines(result), Math.Min(host.Width, 100)));
            host.Output.WriteLine(Summary(result));
            host.Output.WriteLine(File.Exists(folder.File("weights.dat"))
                ? $"Written to {folder.Path}: results.json, log.jsonl, chart.svg, and the model (model.json, vocabulary.json, weights.dat)"
                : $"Written to {folder.Path}: results.json, log.jsonl, chart.svg; no weights yet, for nothing was measured so far");
        }

        if (result.Reason == StopReason.Cancelled)
        {
            host.Error.WriteLine($"Interrupted; rnnzoo train chars --resume {folder.Path} goes on.");
        }
        else if (result.Reason == StopReason.Diverged)
        {
            host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"--lr: training diverged after step {result.Progress.Step}: loss or gradient is not finite; begin anew with a smaller rate than {result.Settings.Training.LearningRate}."));
        }
    }

    private static string Summary(CharsResult result)
    {
        var progress = result.Progress;
        return string.Create(CultureInfo.InvariantCulture,
            $"{(progress.BestBits is { } bits ? $"{bits:0.0000} bits per character on the held-out text (step {progress.BestStep})" : "not measured")}; {result.Parameters:#,0} parameters, {progress.Step} steps, {CharsDisplay.Speed(progress):#,0} characters per second, {progress.Seconds:0.0} s; ended: {result.Reason.Name()}");
    }

    private int Failed(string option, Exception problem)
    {
        host.Error.WriteLine($"{option}: {problem.Message.ReplaceLineEndings(" ")}");
        return ExitCodes.Failure;
    }
}
