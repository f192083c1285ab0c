using RnnZoo.Characters;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Training;
using RnnZoo.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Characters;

public class CharacterTrainerTests
{
    private static readonly CharacterTrainingOptions Options = new() { Steps = 23, Streams = 3, ChunkLength = 7, ValidateEvery = 4, ReportEvery = 3, CheckpointEvery = 5, LearningRate = 1e-2 };

    public static TheoryData<string> Cases => ["adam", "adamw", "rmsprop", "sgd", "random lengths", "dropout", "embedding, gru"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Resume_AfterAnyCancelledStep_EndsWithTheSameBits(string name)
    {
        var (shape, options) = Of(name);
        using var folder = new TemporaryFolder();
        var (whole, expected) = Train(folder.File("whole"), shape, options);
        foreach (var stop in new[] { 1, 4, 5, 11, 22 })
        {
            var path = folder.File($"stop{stop}");
            var (_, stopped) = Train(path, shape, options, stop);
            Assert.Equal((StopReason.Cancelled, stop), (stopped.Reason, stopped.Progress.Step));

            var (weights, resumed) = Train(path, shape, options);

            Assert.Equal(whole, weights);
            Assert.Equal((expected.Reason, expected.Progress.BestBits, expected.Progress.BestStep, expected.Progress.Characters), (resumed.Reason, resumed.Progress.BestBits, resumed.Progress.BestStep, resumed.Progress.Characters));
            Assert.Equal(expected.Progress.History.Select(Timeless), resumed.Progress.History.Select(Timeless));
        }

        Assert.Equal((StopReason.StepLimit, 23), (expected.Reason, expected.Progress.Step));
        Assert.Equal([4, 8, 12, 16, 20, 23], expected.Progress.History.Where(record => record.ValidationBits is not null).Select(record => record.Step));
    }

    [Fact]
    public void Run_APeriodicText_IsLearnt()
    {
        using var folder = new TemporaryFolder();

        var (_, trained) = Train(folder.File("run"), new CharacterModelShape { Hidden = 16 }, Options with { Steps = 150, LearningRate = 3e-2 });

        Assert.InRange(trained.Progress.BestBits!.Value, 0, 0.5); // fresh: log2(11) = 3.5
        Assert.Equal(150, trained.Told.Steps.Count);
        Assert.Equal(trained.Progress.BestBits, trained.Told.Evaluations.Min(look => look.Metric));
        Assert.Equal(trained.Told.Evaluations[^1].Metric, trained.Told.Evaluations[^1].Loss / Math.Log(2), 1e-12);
        Assert.Equal((StopReason.StepLimit, trained.Told.Evaluations[^1]), (trained.Told.Ends.Single().Reason, trained.Told.Ends[0].Final));
    }

    [Fact]
    public void Run_WithoutImprovement_EndsEarly()
    {
        using var folder = new TemporaryFolder();

        var (_, trained) = Train(folder.File("run"), new CharacterModelShape { Hidden = 5 }, Options with { Steps = 500, LearningRate = 5, Optimizer = OptimizerKind.Adam, Patience = 2 });

        Assert.Equal(StopReason.NotImproving, trained.Reason);
        Assert.Equal(2, trained.Progress.SinceBest);
        Assert.Equal(trained.Progress.BestStep + 8, trained.Progress.Step);
    }

    [Fact]
    public void Run_LossThatIsNotFinite_EndsWithoutACheckpoint()
    {
        using var folder = new TemporaryFolder();
        var text = Text();
        using var model = new CharacterModel(text.Vocabulary, new CharacterModelShape { Hidden = 5 });
        using (no_grad())
        {
            model.Net.parameters().First().fill_(double.NaN);
        }

        var (checkpoints, observer) = (new CheckpointFolder(folder.Path), new RecordingObserver());
        using var trainer = new CharacterTrainer(model, text.Tokens.Slice(0, 400), text.Tokens.Slice(400, 91), Options with { CheckpointEvery = 1 }, seed: 3, checkpoints, observer);

        Assert.Equal((StopReason.Diverged, 0), (trainer.Run(), trainer.Progress.Step));
        Assert.Equal((1, double.NaN), (Assert.Single(observer.Steps).Step, observer.Steps[0].Loss));
        Assert.Equal(new TrainingResult(0, StopReason.Diverged, null, 0), Assert.Single(observer.Ends));
        Assert.Empty(checkpoints.Files);
    }

    [Fact]
    public void Checkpoint_MeasurementThatIsNoNumber_ComesBack()
    {
        using var scope = NewDisposeScope();
        var text = Text();
        using var model = new CharacterModel(text.Vocabulary, new CharacterModelShape { Hidden = 5 });
        using var loader = new TruncatedBpttLoader(new TokenStreams(text.Tokens, 3), new() { ChunkLength = 7 });
        using var optimizer = new OptimizerSet(model.Net, OptimizerKind.Sgd);
        var progress = new CharacterProgress { Step = 2, History = [new(1, null, double.NaN, null, 0.1, 1), new(2, double.PositiveInfinity, null, 3, 0.1, 2)] };

        var read = CharacterCheckpoint.Restore(CharacterCheckpoint.Of(progress, model.Net, optimizer, loader), model.Net, optimizer, loader);

        Assert.Equal(progress.History, read.History);
    }

    [Fact]
    public void Resume_CheckpointOfAnotherModelOrText_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Path, new CharacterModelShape { Hidden = 5 }, Options with { Steps = 5 });
        var text = Text();
        foreach (var (shape, length) in new (CharacterModelShape, int)[] { (new() { Hidden = 7 }, 400), (new() { Hidden = 5, Embedding = 3 }, 400), (new() { Cell = "gru", Hidden = 5 }, 400), (new() { Hidden = 5 }, 300) })
        {
            using var model = new CharacterModel(text.Vocabulary, shape);
            using var trainer = new CharacterTrainer(model, text.Tokens.Slice(0, length), text.Tokens.Slice(400, 91), Options, seed: 3, new CheckpointFolder(folder.Path));

            Assert.StartsWith($"{folder.File("checkpoint-000000005.safetensors")}: expected a checkpoint of this training, got another: ", Assert.Throws<InvalidDataException>(() => trainer.Resume()).Message);
        }
    }

    // Each ended in an exception that named no file, or none until the training was under way.
    [Theory]
    [InlineData("progress", "null", "progress: expected an object, got null.")]
    [InlineData("progress", "{}", "progress.step: expected 5, as the file is called, got 0.")]
    [InlineData("progress", "{\"Step\":5,\"History\":null}", "progress.history: expected ")]
    [InlineData("progress", "{\"Step\":5,\"History\":[null]}", "progress.history: expected ")]
    [InlineData("progress", "{\"Step\":5,\"Seconds\":1e999}", "progress.seconds: expected ")]
    [InlineData("progress", "{\"Step\":5,\"Seconds\":-1}", "progress.seconds: expected ")]
    [InlineData("progress", "{\"Step\":5,\"TrainingSeconds\":-1}", "progress.trainingSeconds: expected ")]
    [InlineData("progress", "{\"Step\":5,\"Characters\":-1}", "progress.characters: expected ")]
    [InlineData("progress", "{\"Step\":5,\"SinceBest\":-1}", "progress.sinceBest: expected ")]
    [InlineData("progress", "{\"Step\":5,\"BestStep\":6}", "progress.bestStep: expected ")]
    [InlineData("progress", "{\"Step\":5,\"History\":[{\"Step\":6,\"LearningRate\":1,\"Seconds\":1}]}", "progress.history: expected ")]
    [InlineData("progress", "{\"Step\":5,\"History\":[{\"Step\":1,\"LearningRate\":1,\"Seconds\":-1}]}", "progress.history: expected ")]
    [InlineData("position", "null", "position: expected an object, got null.")]
    [InlineData("position", "{}", "position: expected one of 3 streams of ")]
    [InlineData("state.0", "half", "h0: expected [L·D, B, H] = [1, 3, 5], got [1, 3, 2].")]
    [InlineData("state.0", "integers", "h0: expected dtype Float32 ")]
    [InlineData("state.0", "none", "state: expected 2 part(s) (h, c), got 1.")]
    [InlineData("optimizer.0.step", "real", "optimizer: 0.step: expected shape [] of Int64, got [] of Float32.")]
    [InlineData("optimizer.0.exp_avg", "half", "optimizer: 0.exp_avg: expected shape ")]
    [InlineData("optimizer.0.exp_avg", "none", "optimizer: 0.exp_avg: expected shape ")]
    public void Resume_DamagedCheckpointOfARightHash_IsRefusedByItsName(string what, string damage, string message)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Train(folder.Path, new CharacterModelShape { Hidden = 5 }, Options with { Steps = 5 });
        var file = folder.File("checkpoint-000000005.safetensors");
        var whole = CheckpointFolder.Read(file);
        var (tensors, notes) = (whole.Tensors.ToDictionary(), whole.Notes.Where(note => note.Key != "sha256").ToDictionary());
        if (notes.ContainsKey(what))
        {
            notes[what] = damage;
        }
        else if (damage == "none")
        {
            tensors.Remove(what);
        }
        else
        {
            tensors[what] = damage == "half" ? tensors[what].narrow(-1, 0, 2) : tensors[what].to(damage == "real" ? ScalarType.Float32 : ScalarType.Int32);
        }

        CheckpointFolder.Write(file, whole with { Tensors = tensors, Notes = notes });
        var text = Text();
        using var model = new CharacterModel(text.Vocabulary, new CharacterModelShape { Hidden = 5 });
        using var trainer = new CharacterTrainer(model, text.Tokens.Slice(0, 400), text.Tokens.Slice(400, 91), Options, seed: 3, new CheckpointFolder(folder.Path));

        Assert.StartsWith($"{file}: expected a checkpoint of this training, got another: {message}", Assert.Throws<InvalidDataException>(() => trainer.Resume()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LeavesNoTensor()
    {
        using var folder = new TemporaryFolder();
        var live = Expect.LiveTensors;

        Train(folder.File("run"), new CharacterModelShape { Hidden = 5, Layers = 2, Dropout = 0.3 }, Options);

        Assert.Equal(live, Expect.LiveTensors);
    }

    [Fact]
    public void Measure_EqualsTheLossOfTheWholeText()
    {
        using var scope = NewDisposeScope();
        var text = Text();
        using var model = new CharacterModel(text.Vocabulary, new CharacterModelShape { Hidden = 5, Layers = 2, Dropout = 0.5 });
        var ids = new long[text.Tokens.Count];
        text.Tokens.Read(0, ids);
        model.Net.eval();
        var (output, _) = model.Net.call(tensor(ids[..^1]).unsqueeze(1)); // [T, 1, V]
        var expected = nn.functional.cross_entropy(output.squeeze(1), tensor(ids[1..])).ToDouble() / Math.Log(2);
        model.Net.train();

        Assert.Equal(expected, model.Measure(new TokenStreams(text.Tokens, 1)), 1e-5);
        Assert.True(model.Net.training);
    }

    [Fact]
    public void Sample_SameSeed_IsTheSameText_AndTemperatureZeroTheLikeliest()
    {
        using var model = new CharacterModel(Text().Vocabulary, new CharacterModelShape { Hidden = 5 });
        IEnumerable<long> Sample(double temperature = 1, long seed = 7, string prompt = "abc") => model.Sample(40, temperature, seed, prompt);
        var live = Expect.LiveTensors;

        var one = Sample().ToArray();

        Assert.Equal(one, Sample());
        Assert.NotEqual(one, Sample(seed: 8));
        Assert.Equal(Sample(temperature: 0), Sample(temperature: 0, seed: 8));
        Assert.Equal(Sample(temperature: 0), Sample(temperature: 1e-9));
        Assert.Equal(live, Expect.LiveTensors);
        Expect.Message<ArgumentException>("text: expected characters of the vocabulary, which has 11, got 'z' (U+007A) at index 1; remove it, or train a model whose vocabulary has it.", () => Sample(prompt: "az"));
    }

    private static (CharacterModelShape Shape, CharacterTrainingOptions Options) Of(string name) => name switch
    {
        "adamw" => (new() { Hidden = 5 }, Options with { Optimizer = OptimizerKind.AdamW }),
        "rmsprop" => (new() { Hidden = 5 }, Options with { Optimizer = OptimizerKind.RmsProp }),
        "sgd" => (new() { Hidden = 5 }, Options with { Optimizer = OptimizerKind.Sgd }),
        "random lengths" => (new() { Hidden = 5 }, Options with { RandomLength = true }),
        "dropout" => (new() { Hidden = 5, Layers = 2, Dropout = 0.4 }, Options),
        "embedding, gru" => (new() { Cell = "gru", Hidden = 5, Embedding = 3 }, Options),
        _ => (new() { Hidden = 5 }, Options),
    };

    private static (byte[] Tensors, Trained Trained) Train(string path, CharacterModelShape shape, CharacterTrainingOptions options, int? stopAfter = null)
    {
        Directory.CreateDirectory(path);
        var text = Text();
        manual_seed(61);
        using var model = new CharacterModel(text.Vocabulary, shape);
        using var stop = new CancellationTokenSource();
        var checkpoints = new CheckpointFolder(path);
        var told = new RecordingObserver(step =>
        {
            if (step.Step == stopAfter)
            {
                stop.Cancel();
            }
        });
        using var trainer = new CharacterTrainer(model, text.Tokens.Slice(0, 400), text.Tokens.Slice(400, 91), options, seed: 3, checkpoints, told);
        trainer.Resume();
        var reason = trainer.Run(stop.Token);
        using var scope = NewDisposeScope();
        var tensors = CheckpointFolder.Read(checkpoints.Files[0]).Tensors;
        return ([.. tensors.Values.SelectMany(part => part.bytes.ToArray())], new Trained(reason, trainer.Progress, told));
    }

    private static (Vocabulary Vocabulary, Tokens Tokens) Text()
    {
        var text = string.Concat(Enumerable.Range(0, 491).Select(place => (char)('a' + (place * place % 17 % 11))));
        var vocabulary = Vocabulary.OfText("abcdefghijk");
        return (vocabulary, vocabulary.TokensOf(text));
    }

    private static CharacterRecord Timeless(CharacterRecord record) => record with { Seconds = 0 };

    private sealed record Trained(StopReason Reason, CharacterProgress Progress, RecordingObserver Told);
}
