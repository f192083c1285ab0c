using System.Text.Json;

namespace RnnZoo.Training;

/// <summary>
/// A log of one or several trainings as JSON lines: one object per step, measurement and end. It is written to a file
/// beside its final name, which it gets when the log is disposed. Trainings may log from several threads.
/// </summary>
public sealed class RunLog : IDisposable
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly string partialPath;
    private readonly FileStream file;

    /// <summary>Opens a log.</summary>
    /// <param name="path">The file that it becomes; one that exists is replaced.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public RunLog(string path)
    {
        this.path = path;
        partialPath = AtomicFile.PartialPath(path);
        file = new FileStream(partialPath, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
    }

    /// <summary>An observer that logs one training.</summary>
    /// <param name="labels">Written into each of its lines, to tell the trainings apart.</param>
    /// <returns>The observer; it lives as long as this log.</returns>
    public ITrainingObserver For(params IReadOnlyList<(string Name, object Value)> labels) => new Training(this, labels);

    /// <summary>Gives the file its final name.</summary>
    public void Dispose()
    {
        file.Dispose();
        if (File.Exists(partialPath))
        {
            File.Move(partialPath, path, overwrite: true);
        }
    }

    private void WriteLine(ReadOnlySpan<byte> line, bool flush)
    {
        lock (gate)
        {
            file.Write(line);
            file.WriteByte((byte)'\n');
            if (flush)
            {
                file.Flush();
            }
        }
    }

    private sealed class Training(RunLog log, IReadOnlyList<(string Name, object Value)> labels) : ITrainingObserver
    {
        private readonly MemoryStream buffer = new();
        private readonly Utf8JsonWriter json = new(Stream.Null);

        public void OnStep(in StepRecord step)
        {
            Begin("step", step.Step);
            json.WriteFinite("loss", step.Loss);
            json.WriteFinite("gradNorm", step.GradientNorm);
            json.WriteFinite("learningRate", step.LearningRate);
            json.WriteFinite("seconds", Math.Round(step.Seconds, 4));
            End(flush: false);
        }

        public void OnEvaluation(EvaluationRecord evaluation)
        {
            Begin("evaluation", evaluation.Step);
            json.WriteFinite("loss", evaluation.Loss);
            json.WriteFinite("recall", evaluation.Recall);
            json.WriteNumber("sequences", evaluation.Sequences);
            json.WriteFinite("seconds", Math.Round(evaluation.Seconds, 4));
            End(flush: true);
        }

        public void OnEnd(TrainingResult result)
        {
            Begin("end", result.Steps);
            json.WriteString("reason", result.Reason.Name());
            json.WriteFinite("loss", result.Final?.Loss);
            json.WriteFinite("recall", result.Final?.Recall);
            json.WriteFinite("seconds", Math.Round(result.Seconds, 4));
            End(flush: true);
        }

        private void Begin(string kind, int step)
        {
            buffer.SetLength(0);
            json.Reset(buffer);
            json.WriteStartObject();
            json.WriteString("event", kind);
            foreach (var (name, value) in labels)
            {
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, value);
            }

            json.WriteNumber("step", step);
        }

        private void End(bool flush)
        {
            json.WriteEndObject();
            json.Flush();
            log.WriteLine(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), flush);
        }
    }
}
