using RnnZoo.Bptt;
using RnnZoo.Characters;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Modules;
using RnnZoo.Training;
using Tensorboard;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Training;

public class TensorBoardObserverTests
{
    private static readonly CopyTask Task = new(delay: 3, symbols: 2);
    private static readonly TrainingOptions Options = new() { Steps = 23, BatchSize = 5, EvaluateEvery = 10, EvaluationSequences = 7, FinalSequences = 11, Seed = 3, Schedule = LearningRateSchedule.Cosine };

    [Fact]
    public void File_OfATraining_HasWhatTheHistoryHas()
    {
        using var folder = new TemporaryFolder();
        var live = Expect.LiveTensors;
        var history = new TrainingHistory("lstm", Task);

        Train("lstm", Options, history, new TensorBoardObserver(folder.Path));

        Assert.Equal(live, Expect.LiveTensors);
        var events = EventFile.Only(folder.Path);
        Assert.Equal(history.Steps.Select(step => ((long)step.Step, (float)step.Loss)), EventFile.Scalars(events, "loss/train"));
        Assert.Equal(history.Steps.Select(step => ((long)step.Step, (float)step.GradientNorm)), EventFile.Scalars(events, "gradient/norm"));
        Assert.Equal(history.Steps.Select(step => ((long)step.Step, (float)step.LearningRate)), EventFile.Scalars(events, "learning_rate"));
        Assert.Equal(history.Evaluations.Select(look => ((long)look.Step, (float)look.Loss)), EventFile.Scalars(events, "loss/evaluation"));
        Assert.Equal(history.Evaluations.Select(look => ((long)look.Step, (float)look.Metric)), EventFile.Scalars(events, "recall"));
        Assert.Equal([10L, 20, 23], EventFile.Scalars(events, "recall").Select(point => point.Step));
        Assert.Equal(["gradient/log10_norm_h_l0", "gradient/norm", "gradient/norm_h_l0", "learning_rate", "loss/evaluation", "loss/train", "recall"], EventFile.Tags(events));
        Assert.All(events[1..], happened => Assert.InRange(happened.WallTime, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1));
    }

    [Fact]
    public void Histograms_OfTheFirstAndEveryFifthStep_AreOfTheTracesOwnNorms()
    {
        using var folder = new TemporaryFolder();
        using var net = Net("gru", layers: 2);
        using var trace = GradientTrace.Attach(net);
        var norms = new Dictionary<long, GradientNorms>();
        var told = new RecordingObserver(step => norms[step.Step] = trace.Last!);
        using var board = new TensorBoardObserver(folder.Path, every: 5);

        new Trainer(net, Task, Options, told, board).Run();

        var events = EventFile.Only(folder.Path);
        foreach (var layer in new[] { 0, 1 })
        {
            var raw = EventFile.Histograms(events, $"gradient/norm_h_l{layer}");
            var logs = EventFile.Histograms(events, $"gradient/log10_norm_h_l{layer}");
            Assert.Equal([1L, 5, 10, 15, 20], raw.Select(found => found.Step));
            Assert.Equal(raw.Select(found => found.Step), logs.Select(found => found.Step));
            Assert.All(raw, found => ExpectHistogram([.. norms[found.Step][layer].Hidden], found.Value));
            Assert.All(logs, found => ExpectHistogram([.. norms[found.Step][layer].Hidden.Select(Math.Log10)], found.Value));
            Assert.Equal(Task.Length, raw[0].Value.Num);
        }
    }

    [Theory]
    [InlineData("vanilla", BackwardPath.Autograd)]
    [InlineData("lstm", BackwardPath.HandWritten)]
    [InlineData("lstm", BackwardPath.Native)]
    [InlineData("indrnn", BackwardPath.Auto)]
    [InlineData("layernorm-lstm", BackwardPath.Auto)]
    [InlineData("mingru", BackwardPath.Auto)]
    public void Training_WithABoard_HasTheSameBitsOnTheSamePath(string name, BackwardPath path)
    {
        using var folder = new TemporaryFolder();
        var (alone, watched) = (new TrainingHistory(name, Task), new TrainingHistory(name, Task));
        var paths = new HashSet<BackwardPath>();
        using var before = Net(name, path: path);
        new Trainer(before, Task, Options, alone).Run();
        using var net = Net(name, path: path);
        using var board = new TensorBoardObserver(folder.Path, every: 1);

        new Trainer(net, Task, Options, watched, board, new RecordingObserver(_ => paths.Add(net.Recurrent.EffectiveBackward))).Run();

        Assert.Equal(alone.Steps.Select(step => (step.Loss, step.GradientNorm)), watched.Steps.Select(step => (step.Loss, step.GradientNorm)));
        Assert.Equal([before.Recurrent.EffectiveBackward], paths);
        Assert.All(before.parameters().Zip(net.parameters()), pair => Assert.Equal(pair.First.bytes.ToArray(), pair.Second.bytes.ToArray()));
        var histograms = EventFile.Histograms(EventFile.Only(folder.Path), "gradient/norm_h_l0");
        Assert.Equal(paths.Contains(BackwardPath.Native) ? 0 : Options.Steps, histograms.Length); // the native path shows no step
    }

    [Fact]
    public void Loop_OfOnesOwn_WritesBothDirections_AndAModelWithoutANetScalarsAlone()
    {
        using var folder = new TemporaryFolder();
        using var lstm = new Lstm(5, 7, bidirectional: true);
        using (var board = new TensorBoardObserver(folder.File("lstm")))
        {
            board.OnBegin(lstm, "mean squared error");
            using var scope = NewDisposeScope();
            Gradient.Backward(lstm.call(randn(11, 3, 5)).Item1.square().mean());
            board.OnStep(new StepRecord(1, 2.5, 0.75, 1e-3, 0));
            board.OnEvaluation(new EvaluationRecord(1, 2.25, 0.5, 0, 1, 0));
        }

        using (var board = new TensorBoardObserver(folder.File("probe")))
        {
            using var probe = new ProbeModel();
            board.OnBegin(probe, "recall");
            board.OnStep(new StepRecord(1, double.NaN, double.PositiveInfinity, 1e-3, 0));
        }

        var events = EventFile.Only(folder.File("lstm"));
        Assert.Equal(11, EventFile.Histograms(events, "gradient/norm_h_l0_reverse").Single().Value.Num);
        Assert.Equal([(1L, 0.5f)], EventFile.Scalars(events, "mean_squared_error"));
        Assert.Null(((IRecurrentModule)lstm).Norms!.Begin([], 2, 11)); // let go of
        var scalars = EventFile.Only(folder.File("probe"));
        Assert.Equal(["gradient/norm", "learning_rate", "loss/train"], EventFile.Tags(scalars));
        Assert.Equal([(1L, float.NaN)], EventFile.Scalars(scalars, "loss/train"));
    }

    [Fact]
    public void Resumed_AfterAKill_GoesOnWhereTheCheckpointWas_WithEachStepOnce()
    {
        using var folder = new TemporaryFolder();
        TrainText(folder.File("whole"), killedAt: null);

        Assert.Throws<OperationCanceledException>(() => TrainText(folder.File("killed"), killedAt: 13)); // the last checkpoint is of step 10
        var first = Assert.Single(EventFile.Files(folder.File("killed")));
        using (var file = new FileStream(first, FileMode.Open))
        {
            file.SetLength(file.Length - 3); // the last record is half there
        }

        var cut = EventFile.Read(first);
        TrainText(folder.File("killed"), killedAt: null);

        Assert.Equal((13, 12), ((int)cut.Max(happened => happened.Step), (int)EventFile.Scalars(cut, "learning_rate").Max(point => point.Step)));
        var (whole, resumed) = (EventFile.Shown(folder.File("whole")), EventFile.Shown(folder.File("killed")));
        Assert.Equal(2, EventFile.Files(folder.File("killed")).Length);
        Assert.Equal(Enumerable.Range(1, 23).Select(step => (long)step), EventFile.Scalars(resumed, "loss/train").Select(point => point.Step));
        Assert.Equal(EventFile.Tags(whole), EventFile.Tags(resumed));
        Assert.Contains("bits_per_character", EventFile.Tags(whole));
        Assert.All(EventFile.Tags(whole).Where(tag => !tag.Contains("norm_h", StringComparison.Ordinal)), tag => Assert.Equal(EventFile.Scalars(whole, tag), EventFile.Scalars(resumed, tag)));
        Assert.Equal([1L, 4, 8, 12, 16, 20], EventFile.Histograms(resumed, "gradient/norm_h_l0").Select(found => found.Step));
        Assert.Equal(EventFile.Histograms(whole, "gradient/norm_h_l0"), EventFile.Histograms(resumed, "gradient/norm_h_l0"));
    }

    [Fact]
    public void Begun_AnewInTheSameFolder_ReplacesWhatIsShown()
    {
        using var folder = new TemporaryFolder();
        Train("lstm", Options, new TensorBoardObserver(folder.Path));
        var history = new TrainingHistory("gru", Task);

        Train("gru", Options with { Steps = 7 }, history, new TensorBoardObserver(folder.Path));

        Assert.Equal(history.Steps.Select(step => ((long)step.Step, (float)step.Loss)), EventFile.Scalars(EventFile.Shown(folder.Path), "loss/train"));
    }

    [Fact]
    public void Failure_OfTheFile_IsToldOnce_AndTheTrainingGoesOn()
    {
        using var folder = new TemporaryFolder();
        var (board, told, live) = (folder.File("board"), new List<string>(), Expect.LiveTensors);
        var history = new TrainingHistory("lstm", Task);
        using var observer = new TensorBoardObserver(board, every: 2) { OnFailure = failure => told.Add(failure.Message) };
        var vanishes = new RecordingObserver(step =>
        {
            if (step.Step == 6)
            {
                Directory.Delete(board, recursive: true);
            }
        });

        Train("lstm", Options, history, vanishes, observer);

        Assert.Equal((23, StopReason.StepLimit), (history.Result!.Steps, history.Result.Reason));
        Assert.StartsWith($"{board}: TensorBoard's event file cannot be written from step 6 on, and the training goes on without it: ", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal(told[0], observer.Failure!.Message);
        Assert.Equal(live, Expect.LiveTensors);
    }

    [Fact]
    public void Folder_ThatIsAFile_IsRefusedAtOnce()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "");

        var refused = Assert.Throws<IOException>(() => new TensorBoardObserver(folder.File("file")));

        Assert.StartsWith($"folder: expected a folder that event files can be written into, got '{folder.File("file")}': ", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("every: expected at least 1, got 0.", Assert.Throws<ArgumentOutOfRangeException>(() => new TensorBoardObserver(folder.Path, every: 0)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(0.25)]
    [InlineData(0.0, 0.0, 0.0)]
    [InlineData(1e-300, 1e-30, 1e-12, 1.0, 1e20, 1e200)]
    [InlineData(-7.5, -7.5, -0.125, 3.0)]
    [InlineData(1.0, 1.0000000000000002)]
    [InlineData(0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 3.0)]
    public void Histogram_OfAnyValues_CountsEachOnce(params double[] values) => ExpectHistogram(values, TensorBoardObserver.Histogram(values));

    private static void ExpectHistogram(double[] values, HistogramProto histogram)
    {
        Assert.Equal((values.Min(), values.Max(), (double)values.Length), (histogram.Min, histogram.Max, histogram.Num));
        Assert.Equal(values.Sum(), histogram.Sum, values.Sum(Math.Abs) * 1e-14);
        Assert.Equal(values.Sum(value => value * value), histogram.SumSquares);
        Assert.Equal(histogram.BucketLimit.Order().Distinct(), histogram.BucketLimit);
        Assert.InRange(histogram.BucketLimit.Count, 1, 30);
        Assert.Equal(histogram.Max, histogram.BucketLimit[^1]);
        var below = double.NegativeInfinity;
        Assert.All(histogram.BucketLimit.Zip(histogram.Bucket), bucket =>
        {
            Assert.Equal(values.Count(value => value > below && value <= bucket.First), bucket.Second);
            below = bucket.First;
        });
        Assert.Equal(values.Length, histogram.Bucket.Sum());
    }

    private static void Train(string name, TrainingOptions options, params ITrainingObserver[] observers)
    {
        using var net = Net(name);
        new Trainer(net, Task, options, observers).Run();
    }

    private static SequenceModel Net(string name, int layers = 1, BackwardPath path = BackwardPath.Auto)
    {
        manual_seed(61);
        var net = SequenceModel.Create(name, Task.InputSize, 7, Task.OutputSize, layers);
        net.Backward = path;
        return net;
    }

    private static void TrainText(string folder, int? killedAt)
    {
        var vocabulary = Vocabulary.OfText("abcdefghijk");
        var text = vocabulary.TokensOf(string.Concat(Enumerable.Range(0, 491).Select(place => (char)('a' + (place * place % 17 % 11)))));
        var options = new CharacterTrainingOptions { Steps = 23, Streams = 3, ChunkLength = 7, ValidateEvery = 4, CheckpointEvery = 5, LearningRate = 1e-2 };
        manual_seed(61);
        using var model = new CharacterModel(vocabulary, new CharacterModelShape { Hidden = 5 });
        using var board = new TensorBoardObserver(folder, every: 4);
        var killer = new RecordingObserver(step =>
        {
            if (step.Step == killedAt)
            {
                throw new OperationCanceledException();
            }
        });
        using var trainer = new CharacterTrainer(model, text.Slice(0, 400), text.Slice(400, 91), options, seed: 3, new CheckpointFolder(folder), new Observers(board, killer));
        trainer.Resume();
        trainer.Run();
    }
}
