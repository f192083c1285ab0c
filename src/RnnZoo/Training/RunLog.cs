using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Files;

namespace RnnZoo.Training;

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

    /// <summary>Opens a log.</summary>
    /// <param name="path">The file that it becomes; one that exists is replaced.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public RunLog(string path)
    {
        _path = path;
        _partialPath = AtomicFile.PartialPath(path);
        _file = new FileStream(_partialPath, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
    }

    /// <summary>An observer that logs one training.</summary>
    /// <param name="metric">The name of the task's metric: the key of its values.</param>
    /// <param name="labels">Written into each of its lines, to tell the trainings apart.</param>
    /// <returns>The observer; it lives as long as this log.</returns>
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

    private void WriteLine(ReadOnlySpan<byte> line, bool flush)
    {
        lock (_gate)
        {
            _file.Write(line);
            _file.WriteByte((byte)'\n');
            if (flush)
            {
                _file.Flush();
            }
        }
    }

    private sealed class Training(RunLog log, string metric, IReadOnlyList<(string Name, object Value)> labels) : ITrainingObserver
    {
        private readonly MemoryStream _buffer = new();
        private static readonly JsonSerializerOptions LabelOptions = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

        private readonly Utf8JsonWriter _json = new(Stream.Null);

        public void OnStep(in StepRecord step)
        {
            Begin("step", step.Step);
            _json.WriteFinite("loss", step.Loss);
            _json.WriteFinite("gradNorm", step.GradientNorm);
            _json.WriteFinite("learningRate", step.LearningRate);
            _json.WriteFinite("seconds", Math.Round(step.Seconds, 4));
            End(flush: false);
        }

        public void OnEvaluation(EvaluationRecord evaluation)
        {
            Begin("evaluation", evaluation.Step);
            _json.WriteFinite("loss", evaluation.Loss);
            _json.WriteFinite(metric, evaluation.Metric);
            _json.WriteFinite("standardError", evaluation.StandardError);
            _json.WriteNumber("sequences", evaluation.Sequences);
            _json.WriteFinite("seconds", Math.Round(evaluation.Seconds, 4));
            End(flush: true);
        }

        public void OnEnd(TrainingResult result)
        {
            Begin("end", result.Steps);
            _json.WriteString("reason", result.Reason.Name(metric));
            _json.WriteFinite("loss", result.Final?.Loss);
            _json.WriteFinite(metric, result.Final?.Metric);
            _json.WriteFinite("seconds", Math.Round(result.Seconds, 4));
            End(flush: true);
        }

        private void Begin(string kind, int step)
        {
            _buffer.SetLength(0);
            _json.Reset(_buffer);
            _json.WriteStartObject();
            _json.WriteString("event", kind);
            foreach (var (name, value) in labels)
            {
                _json.WritePropertyName(name);
                JsonSerializer.Serialize(_json, value, LabelOptions);
            }

            _json.WriteNumber("step", step);
        }

        private void End(bool flush)
        {
            _json.WriteEndObject();
            _json.Flush();
            log.WriteLine(_buffer.GetBuffer().AsSpan(0, (int)_buffer.Length), flush);
        }
    }
}
