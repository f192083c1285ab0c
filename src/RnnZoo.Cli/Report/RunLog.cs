using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Cli.Report;

/// <summary>
/// A log of one or several trainings as JSON lines: one object per step, measurement and end. It is written to a file
/// beside its final name, which it gets when the log is disposed. Trainings may log from several threads.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string _partialPath;
    private readonly FileStream _file;

    /// <summary>Opens a log; the file that it becomes may exist, and is replaced.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public RunLog(string path)
    {
        _path = path;
        _partialPath = AtomicFile.PartialPath(path);
        _file = new FileStream(_partialPath, FileMode.Create, FileAccess.Write, AtomicFile.Held, 1 << 16);
    }

    /// <summary>An observer that logs one training, as long as this log lives.</summary>
    public ITrainingObserver For(string metric, params IReadOnlyList<(string Name, object Value)> labels) => new Training(this, metric, labels);

    /// <summary>Gives the file its final name.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (File.Exists(_partialPath))
        {
            File.Move(_partialPath, _path, overwrite: true);
        }
    }

    private sealed class Training(RunLog log, string metric, IReadOnlyList<(string Name, object Value)> labels) : ITrainingObserver
    {
        private static readonly JsonSerializerOptions Json = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

        public void OnStep(in StepRecord step) => Write("step", step.Step, step.Seconds,
            ("loss", step.Loss), ("gradNorm", step.GradientNorm), ("learningRate", step.LearningRate));

        public void OnEvaluation(EvaluationRecord evaluation) => Write("evaluation", evaluation.Step, evaluation.Seconds,
            ("loss", evaluation.Loss), (metric, evaluation.Metric), ("standardError", evaluation.StandardError), ("sequences", evaluation.Sequences));

        public void OnEnd(TrainingResult result) => Write("end", result.Steps, result.Seconds,
            ("reason", result.Reason.Name(metric)), ("loss", result.Final?.Loss), (metric, result.Final?.Metric));

        private void Write(string kind, int step, double seconds, params (string Name, object? Value)[] values)
        {
            var line = new Dictionary<string, object?> { ["event"] = kind }; // keeps the order in which it is filled
            foreach (var (name, value) in (IEnumerable<(string, object?)>)[.. labels, ("step", step), .. values, ("seconds", Math.Round(seconds, 4))])
            {
                line[name] = value is double number && !double.IsFinite(number) ? null : value; // JSON has no word for those
            }

            var text = JsonSerializer.SerializeToUtf8Bytes(line, Json);
            lock (log._gate)
            {
                log._file.Write([.. text, (byte)'\n']);
                if (kind != "step")
                {
                    log._file.Flush();
                }
            }
        }
    }
}
