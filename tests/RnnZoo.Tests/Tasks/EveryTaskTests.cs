using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

/// <summary>What holds for every task.</summary>
public sealed class EveryTaskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. SequenceTasks.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_SameSeed_DrawsTheSameAndAnotherSeedDrawsOthers(string name)
    {
        using var scope = NewDisposeScope();
        var task = Small(name);
        SequenceBatch[] Draw(ulong seed)
        {
            using var generator = new Generator(seed);
            return [task.Sample(11, generator), task.Sample(11, generator)];
        }

        var (first, same, other) = (Draw(1), Draw(1), Draw(2));
        Assert.All(first.Zip(same), pair => Assert.True(Same(pair.First.Input, pair.Second.Input) && Same(pair.First.Target, pair.Second.Target)));
        Assert.False(Same(first[0].Input, first[1].Input), "The second batch is fresh.");
        Assert.False(Same(first[0].Input, other[0].Input));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_DrawsNothingFromTheDefaultGenerator(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        manual_seed(5);
        var expected = rand(3);
        manual_seed(5);
        using var sample = Small(name).Sample(7, generator);

        Assert.True(Same(expected, rand(3)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_Shapes_AreThoseThatTheTaskTells(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var task = Small(name);
        using var sample = task.Sample(7, generator);

        Assert.Equal([task.Length, 7, task.InputSize], sample.Input.shape);
        Assert.Equal(ScalarType.Float32, sample.Input.dtype);
        long[] wanted = name is "adding" or "temporal-order" or "images" ? [7] : [task.Length, 7];
        Assert.Equal(wanted, sample.Target.shape);
        Assert.Equal(name == "adding" ? ScalarType.Float32 : ScalarType.Int64, sample.Target.dtype);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Score_PerfectAnswers_HaveTheBestMetricAndNoLoss(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var task = Small(name);
        using var sample = task.Sample(7, generator);

        var score = task.Score(Answers(task, sample.Target), sample.Target);

        Assert.Equal((task.Metric.Best, 0), (score.Metric, score.StandardError));
        Assert.Equal(0, score.Loss, 1e-6);
        Assert.Equal(7, score.Sequences);
        Assert.True(task.Metric.Reaches(task.Metric.Best, task.Metric.Baseline));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Score_OfTwoBatches_AddsUpToThatOfTheirSequencesTogether(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = Small(name);
        var (left, right) = (task.Sample(5, generator), task.Sample(3, generator));
        var (leftOutput, rightOutput) = (Noise(task, 5, generator), Noise(task, 3, generator));

        var sum = task.Score(leftOutput, left.Target) + task.Score(rightOutput, right.Target);
        var batches = left.Target.dim() - 1; // the batch is the last dimension of every target
        var whole = task.Score(cat([leftOutput, rightOutput], 1), cat([left.Target, right.Target], batches));

        Assert.Equal(whole.Loss, sum.Loss, 1e-6);
        Assert.Equal(whole.Metric, sum.Metric, 1e-6);
        Assert.Equal(whole.StandardError, sum.StandardError, 1e-6);
        Assert.Equal((whole.Sequences, whole.LossCount), (sum.Sequences, sum.LossCount));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Score_TellsTheLossOfTheTask(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        var task = Small(name);
        using var sample = task.Sample(5, generator);
        var output = Noise(task, 5, generator);

        Assert.Equal(task.Loss(output, sample.Target).ToDouble(), task.Score(output, sample.Target).Loss, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loss_IsDifferentiable_WhereTheTaskAsks(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        var task = Small(name);
        using var sample = task.Sample(5, generator);
        var output = Noise(task, 5, generator).requires_grad_();

        task.Loss(output, sample.Target).backward();

        var asked = output.grad!.abs().sum(-1).ne(0).sum(dim: 1); // [T]: how many sequences count at each step
        Assert.Equal(
            Enumerable.Range(1, task.Length).Select(step => sample.Target.dim() == 2 ? sample.Target[step - 1].ne(-100).sum().item<long>() : step == task.Length ? 5L : 0L),
            asked.data<long>().ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LossAndScore_WrongShapes_AreNamed(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var task = Small(name);
        using var sample = task.Sample(5, generator);
        var (steps, outputs) = (task.Length, task.OutputSize);

        foreach (var wrong in new[] { zeros(steps + 1, 5, outputs), zeros(steps, 7, outputs), zeros(steps, 5, outputs + 1), zeros(5, outputs) })
        {
            var expected = $"output: expected [T, B, {outputs}] = [{steps}, 5, {outputs}], got [{string.Join(", ", wrong.shape)}].";
            Assert.StartsWith(expected, Assert.Throws<ArgumentException>(() => task.Loss(wrong, sample.Target)).Message, StringComparison.Ordinal);
            Assert.StartsWith(expected, Assert.Throws<ArgumentException>(() => task.Score(wrong, sample.Target)).Message, StringComparison.Ordinal);
        }

        var target = Assert.Throws<ArgumentException>(() => task.Loss(zeros(steps, 5, outputs), zeros(steps, 5, 1)));
        Assert.StartsWith("target: expected [", target.Message, StringComparison.Ordinal);
        var none = Assert.Throws<ArgumentOutOfRangeException>(() => task.Sample(0, generator));
        Assert.StartsWith("batchSize: expected at least 1 (sequences), got 0.", none.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SampleLossAndScore_InAScope_LeaveNothingBehind(string name)
    {
        using var outer = NewDisposeScope();
        using var generator = new Generator(1);
        var task = Small(name);
        using var output = Noise(task, 7, generator);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var round = 0; round < 3; round++)
        {
            using var sample = task.Sample(7, generator);
            using var loss = task.Loss(output, sample.Target);
            task.Score(output, sample.Target);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => _folder.Dispose();

    private ISequenceTask Small(string name) => name switch
    {
        "copy" => new CopyTask(5, symbols: 3),
        "copy-variable" => new VariableCopyTask(7, minDelay: 2, symbols: 3),
        "selective-copy" => new SelectiveCopyTask(7, symbols: 3),
        "adding" => new AddingTask(13),
        "temporal-order" => new TemporalOrderTask(13),
        "parity" => new ParityTask(13),
        "images" => new SequentialImageTask(TinyImages.Write(_folder.Path), 11),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "a task that these tests do not know"),
    };

    /// <summary>What a net would give that knows every answer, and nonsense where it is not asked.</summary>
    private static Tensor Answers(ISequenceTask task, Tensor target)
    {
        var right = task.OutputSize == 1
            ? target.unsqueeze(-1)
            : nn.functional.one_hot(target.clamp(min: 0), task.OutputSize).to(ScalarType.Float32).mul(100); // [(T,) B, O]
        if (target.dim() == 2)
        {
            return right;
        }

        var output = full([task.Length, target.shape[0], task.OutputSize], 1000f);
        output.narrow(0, task.Length - 1, 1).copy_(right);
        return output;
    }

    private static Tensor Noise(ISequenceTask task, long batch, Generator generator)
        => randn([task.Length, batch, task.OutputSize], generator: generator);

    private static bool Same(Tensor left, Tensor right) => left.eq(right).all().ToBoolean();
}
