using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Modules;
using RnnZoo.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Training;

public class TrainerTests
{
    private static readonly CopyTask Task = new(2, symbols: 3);
    private static readonly TrainingOptions Options = new()
    {
        Steps = 5,
        BatchSize = 7,
        EvaluateEvery = 2,
        EvaluationSequences = 11,
        FinalSequences = 300,
        Seed = 5,
    };

    [Fact]
    public void Run_SameSeed_GivesTheSameNumbers()
    {
        var (first, second) = (Train(Options), Train(Options));

        Assert.Equal(first.Steps.Select(step => step.Loss), second.Steps.Select(step => step.Loss));
        Assert.Equal(first.Steps.Select(step => step.GradientNorm), second.Steps.Select(step => step.GradientNorm));
        Assert.Equal(first.Ends[0].Final! with { Seconds = 0 }, second.Ends[0].Final! with { Seconds = 0 });
        Assert.NotEqual(first.Steps[0].Loss, Train(Options with { Seed = 6 }).Steps[0].Loss);
    }

    [Fact]
    public void Run_Observers_AreToldEveryStepLookAndTheEnd()
    {
        var observer = Train(Options);

        Assert.Equal([1, 2, 3, 4, 5], observer.Steps.Select(step => step.Step));
        Assert.All(observer.Steps, step => Assert.True(double.IsFinite(step.Loss) && step.GradientNorm > 0 && step.LearningRate == Options.LearningRate));
        Assert.Equal([(2, 11L), (4, 11L), (5, 300L)], observer.Evaluations.Select(look => (look.Step, look.Sequences)));
        var end = Assert.Single(observer.Ends);
        Assert.Equal((5, StopReason.StepLimit), (end.Steps, end.Reason));
        Assert.Same(observer.Evaluations[^1], end.Final);
    }

    [Fact]
    public void Run_ProblemThatCanBeLearned_IsLearnedAndEndsEarly()
    {
        var options = Options with { Steps = 2_000, BatchSize = 32, LearningRate = 2e-2, EvaluateEvery = 20, StopAtMetric = 0.995 };
        var observer = Train(options, new CopyTask(1, symbols: 1));

        var end = observer.Ends[0];
        Assert.Equal(StopReason.MetricReached, end.Reason);
        Assert.InRange(end.Steps, 20, 1_980);
        Assert.InRange(end.Final!.Metric, 0.995, 1);
        Assert.Equal(300, end.Final.Sequences);
        Assert.True(end.Final.Loss < 0.2 * new CopyTask(1, symbols: 1).Baseline);
    }

    [Fact]
    public void Run_ModelWithoutMemory_EndsAtTheBaselineAndAtGuessing()
    {
        using var model = new ProbeModel();
        var task = new CopyTask(5, symbols: 3);
        // Blanks in the input are seen at silent steps and at answering steps, so memory would also be needed to count.
        var observer = new RecordingObserver();
        new Trainer(model, task, Options with { Steps = 300, LearningRate = 0.1, StopAtMetric = 0.995 }, observer).Run();

        Assert.Equal(StopReason.StepLimit, observer.Ends[0].Reason);
        Assert.True(observer.Ends[0].Final!.Loss > task.Baseline);
        Assert.InRange(observer.Ends[0].Final!.Metric, 0, 0.2);
    }

    [Fact]
    public void Run_ModelsWithTheSameSeed_SeeTheSameSequences()
    {
        List<double[]> Inputs(double learningRate)
        {
            var seen = new List<double[]>();
            using var model = new ProbeModel((input, output) =>
            {
                seen.Add([.. input.argmax(-1).reshape(-1).data<long>().ToArray().Select(token => (double)token)]);
                return output;
            });
            new Trainer(model, Task, Options with { LearningRate = learningRate }).Run();
            return seen;
        }

        var (first, second) = (Inputs(1e-3), Inputs(1));
        Assert.Equal(first, second);
        Assert.Equal(first.Count, first.Distinct(new SameNumbers()).Count());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Run_LossThatIsNotFinite_EndsAsDivergedWithoutAResult(float bad)
    {
        var calls = 0;
        using var model = new ProbeModel((_, output) => ++calls < 3 ? output : output.mul(bad));
        var observer = new RecordingObserver();

        var result = new Trainer(model, Task, Options with { EvaluateEvery = 100 }, observer).Run();

        Assert.Equal((3, StopReason.Diverged, null), (result.Steps, result.Reason, result.Final));
        Assert.False(double.IsFinite(observer.Steps[^1].Loss));
        Assert.True(model.weight.isfinite().all().ToBoolean(), "The step that was not finite is not taken.");
    }

    [Fact]
    public void Run_GradientThatIsNotFinite_EndsAsDiverged()
    {
        // The derivative of the square root at zero is infinite; the loss itself is finite.
        using var model = new ProbeModel((_, output) => output.abs().sqrt());

        Assert.Equal(StopReason.Diverged, new Trainer(model, Task, Options).Run().Reason);
    }

    [Fact]
    public void Run_Cancelled_EndsAfterTheStepAndIsMeasured()
    {
        using var cancellation = new CancellationTokenSource();
        using var model = new ProbeModel();
        var observer = new RecordingObserver(step =>
        {
            if (step.Step == 3)
            {
                cancellation.Cancel();
            }
        });

        var result = new Trainer(model, Task, Options, observer).Run(cancellation.Token);

        Assert.Equal((3, StopReason.Cancelled, 300L), (result.Steps, result.Reason, result.Final!.Sequences));
        Assert.Null(new Trainer(model, Task, Options).Run(cancellation.Token).Final);
    }

    [Fact]
    public void Run_Clipping_BoundsTheStepAndLogsTheNormBeforeIt()
    {
        (double Norm, double Change) FirstStep(double? clip)
        {
            using var model = new ProbeModel();
            var observer = new RecordingObserver();
            new Trainer(model, Task, Options with { Steps = 1, Optimizer = OptimizerKind.Sgd, LearningRate = 1, ClipNorm = clip }, observer).Run();
            return (observer.Steps[0].GradientNorm, Math.Sqrt(model.weight.detach().square().sum().ToDouble()));
        }

        var (free, clipped, loose) = (FirstStep(null), FirstStep(0.01), FirstStep(1e6));
        Assert.True(free.Norm > 0.1);
        Assert.Equal(free, loose);
        Assert.Equal(free.Norm, clipped.Norm);
        Assert.Equal(free.Norm, free.Change, 1e-5);
        Assert.Equal(0.01, clipped.Change, 1e-5);
    }

    [Fact]
    public void Run_ManySteps_KeepNoTensorsAlive()
    {
        using var model = SmallLstm();
        var live = new List<long>();
        var observer = new RecordingObserver(_ => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        new Trainer(model, Task, Options with { Steps = 12 }, observer).Run();

        // The optimizer makes its own state in the first step.
        Assert.Single(live.Skip(2).Distinct());
        GC.KeepAlive(model);
        Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount, before, live[^1]);
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.RmsProp)]
    [InlineData(OptimizerKind.Sgd)]
    public void Run_EachOptimizer_LowersTheLoss(OptimizerKind kind)
    {
        using var model = new ProbeModel();
        // Plain gradient descent takes steps as small as the gradient is.
        var learningRate = kind == OptimizerKind.Sgd ? 3 : 0.1;
        var observer = new RecordingObserver();
        new Trainer(model, Task, Options with { Steps = 60, Optimizer = kind, LearningRate = learningRate }, observer).Run();

        Assert.True(observer.Steps[^1].Loss < 0.7 * observer.Steps[0].Loss);
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.RmsProp)]
    [InlineData(OptimizerKind.Sgd)]
    public void Optimizers_TakeTheStepsOfTorchSharps(OptimizerKind kind)
    {
        using var ours = SmallLstm();
        using var theirs = ours.Clone();
        using var optimizer = new OptimizerSet(ours, kind);
        using var expected = kind switch
        {
            OptimizerKind.Adam => optim.Adam(theirs.parameters(), 0.01),
            OptimizerKind.AdamW => optim.AdamW(theirs.parameters(), 0.01, weight_decay: 0.01),
            OptimizerKind.RmsProp => optim.RMSProp(theirs.parameters(), 0.01, alpha: 0.9),
            _ => (TorchSharp.Modules.OptimizerHelper)optim.SGD(theirs.parameters(), 0.01),
        };
        using var data = new Generator(5);
        for (var step = 1; step <= 30; step++)
        {
            using var scope = NewDisposeScope();
            using var batch = Task.Sample(4, data);
            var rate = 0.01 * (1 + (step % 3)); // as a schedule changes it
            ours.zero_grad();
            optimizer.Step(Task.Loss(batch.OutputOf(ours), batch.Target), rate, clipNorm: 1);
            theirs.zero_grad();
            Task.Loss(batch.OutputOf(theirs), batch.Target).backward();
            nn.utils.clip_grad_norm_(theirs.parameters(), 1);
            expected.ParamGroups.Single().LearningRate = rate;
            expected.step();
            foreach (var (mine, other) in ours.parameters().Zip(theirs.parameters()))
            {
                var (absolute, relative) = kind is OptimizerKind.Adam or OptimizerKind.AdamW ? (1e-7, 1e-6) : (0, 0); // libtorch's roots are not always the nearest
                Assert.True(mine.isclose(other, relative, absolute).all().item<bool>(), $"step {step}");
                using var noTape = no_grad();
                other.copy_(mine); // so that differences do not grow by the next gradients
            }
        }
    }

    [Fact]
    public void Optimizer_OfATiedWeight_StepsOnce()
    {
        using var scope = NewDisposeScope();
        using var model = new TiedModel();
        using var optimizer = new OptimizerSet(model, OptimizerKind.Sgd);
        var before = model.Weight.detach().clone();

        var (_, norm) = optimizer.Step(model.call(arange(7)).square().sum(), learningRate: 0.01, clipNorm: null);

        var (gradient, bias) = (model.Weight.grad!, model.get_parameter("readout.bias")!.grad!);
        Assert.Equal(cat([gradient.flatten(), bias]).norm().item<float>(), norm, 1e-4 * norm);
        Expect.Close(before.sub(gradient.mul(0.01)), model.Weight.detach(), 1e-6, "one step");
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    public void Adam_OfAParameterThatKernelsCannotRead_TakesTheSameSteps(OptimizerKind kind)
    {
        using var scope = NewDisposeScope();
        var values = randn(5, 7);
        using nn.Module dense = new Weighted(values.clone()), strided = new Weighted(values.t().contiguous().t());
        using OptimizerSet kernels = new(dense, kind), operations = new(strided, kind);
        Assert.False(strided.parameters().Single().is_contiguous());
        for (var step = 0; step < 5; step++)
        {
            foreach (var (module, optimizer) in new[] { (dense, kernels), (strided, operations) })
            {
                module.zero_grad();
                optimizer.Step(module.parameters().Single().pow(4).sum(), 0.01, clipNorm: null);
            }
        }

        Assert.True(strided.parameters().Single().isclose(dense.parameters().Single(), 1e-6, 1e-7).all().item<bool>());
        Assert.False(dense.parameters().Single().isclose(values, 1e-2, 1e-2).any().item<bool>());
    }

    [Fact]
    public void Trainer_ModelWithoutParametersToTrain_Throws()
    {
        using var model = new ProbeModel();
        model.weight.requires_grad = false;

        Assert.Equal("model", Assert.Throws<ArgumentException>(() => new Trainer(model, Task, Options)).ParamName);
    }

    [Fact]
    public void Run_Curriculum_TrainsOnItsTasksFirst_AndMeasuresTheTaskItself()
    {
        var lengths = new List<long>();
        using var model = new ProbeModel((input, output) =>
        {
            lengths.Add(input.shape[0]);
            return output;
        });
        var curriculum = new CurriculumStage[] { new(2, new CopyTask(1, symbols: 1)), new(1, new CopyTask(1, symbols: 2)) };
        var options = Options with { EvaluateEvery = 2, EvaluationSequences = 5, FinalSequences = 5, Curriculum = curriculum };
        var observer = new RecordingObserver();

        new Trainer(model, Task, options, observer).Run();

        // Steps 1 and 2, a look, step 3, step 4, a look, step 5, the measurement: T = D + 2n.
        Assert.Equal([3, 3, 8, 5, 8, 8, 8, 8], lengths);
        Assert.Equal([1, 2, 3, 4, 5], observer.Steps.Select(step => step.Step));
    }

    [Fact]
    public void Trainer_CurriculumOnATaskOfOtherShape_IsRefused()
    {
        using var model = new ProbeModel();
        var options = Options with { Curriculum = [new(2, new ParityTask(5))] };

        var error = Assert.Throws<ArgumentException>(() => new Trainer(model, Task, options));
        Assert.StartsWith("Curriculum: expected tasks of 10 inputs and 9 outputs as 'copy' has, got 2 and 2 in 'parity'.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Trainer_StopBeyondTheBestMetric_IsRefused()
    {
        using var model = new ProbeModel();

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer(model, Task, Options with { StopAtMetric = 1.5 }));
        Assert.StartsWith("StopAtMetric: expected at most 1, the best recall there is, got 1.5.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OnAnError_EndsOnceItIsLowEnough()
    {
        manual_seed(17);
        using var model = SequenceModel.Create("gru", 2, 13, 1);
        var options = new TrainingOptions { Steps = 2_000, LearningRate = 2e-2, EvaluateEvery = 20, StopAtMetric = 0.02, Seed = 5 };

        var result = new Trainer(model, new AddingTask(4), options).Run();

        Assert.Equal(StopReason.MetricReached, result.Reason);
        Assert.InRange(result.Steps, 20, 1_980);
        Assert.InRange(result.Final!.Metric, 0, 0.02);
        Assert.Equal(result.Final.Loss, result.Final.Metric, 1e-9);
        Assert.InRange(result.Final.StandardError, 1e-5, 0.01);
    }

    private static RecordingObserver Train(TrainingOptions options, CopyTask? task = null)
    {
        using var model = SmallLstm();
        var observer = new RecordingObserver();
        new Trainer(model, task ?? Task, options, observer).Run();
        return observer;
    }

    // One parameter, as it lies in memory.
    private sealed class Weighted : nn.Module
    {
        public Weighted(Tensor values)
            : base(nameof(Weighted)) => register_parameter("weight", new TorchSharp.Modules.Parameter(values));
    }

    private static SequenceModel SmallLstm()
    {
        manual_seed(17);
        return SequenceModel.Create("lstm", 10, 13, 9);
    }

    private sealed class SameNumbers : IEqualityComparer<double[]>
    {
        public bool Equals(double[]? left, double[]? right) => left!.SequenceEqual(right!);

        public int GetHashCode(double[] numbers) => (int)numbers.Sum();
    }
}
