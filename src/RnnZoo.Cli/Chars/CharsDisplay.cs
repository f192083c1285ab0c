using System.Diagnostics;
using System.Globalization;
using RnnZoo.Characters;

namespace RnnZoo.Cli.Chars;

/// <summary>Shows progress on standard error, and writes files as the training goes on.</summary>
internal sealed class CharsDisplay(CliHost host, CharsFolder folder, CharacterModel model, CharsSettings settings) : ICharacterTrainingObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _sinceDrawn = Stopwatch.StartNew();
    private int _drawn;

    public void OnStep(CharacterProgress progress, double loss)
    {
        if (host.ErrorIsTerminal && _sinceDrawn.Elapsed > Interval)
        {
            _sinceDrawn.Restart();
            var line = Line(progress, string.Create(CultureInfo.InvariantCulture, $"training {loss / Math.Log(2):0.000}"));
            host.Error.Write("\r" + line.PadRight(_drawn));
            _drawn = line.Length;
        }
    }

    public void OnMeasurement(CharacterProgress progress, CharacterRecord measurement, bool isBest)
    {
        var line = Line(progress, string.Create(CultureInfo.InvariantCulture, $"validation {measurement.ValidationBits:0.0000} bits per character{(isBest ? "  best" : "")}"));
        host.Error.WriteLine((_drawn > 0 ? "\r" : "") + line.PadRight(_drawn));
        host.Error.Flush();
        _drawn = 0;
        if (isBest)
        {
            CharacterModelFolder.SaveWeights(folder.Path, model);
        }
    }

    public void OnCheckpoint(CharacterProgress progress) => CharsLog.Write(folder.File("log.jsonl"), progress);

    private string Line(CharacterProgress progress, string what) => string.Create(CultureInfo.InvariantCulture,
        $"step {progress.Step,7}/{settings.Training.Steps}  {what}  {Speed(progress):#,0} characters/s  {progress.Seconds:0.0} s");

    internal static double Speed(CharacterProgress progress) => progress.TrainingSeconds > 0 ? progress.Characters / progress.TrainingSeconds : 0;
}
