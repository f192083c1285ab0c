using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class CopyTaskTests
{
    [Theory]
    [InlineData(7, 5)]
    [InlineData(10_000, 3)]
    public void Sample_Sequences_HaveTheLayoutOfTheDefinition(int delay, int batch)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);

        using var sample = new CopyTask(delay).Sample(batch, generator);

        Assert.Equal([delay + 20, batch, 10], sample.Input.shape);
        Assert.Equal([delay + 20, batch], sample.Target.shape);
        Assert.Equal((ScalarType.Float32, ScalarType.Int64), (sample.Input.dtype, sample.Target.dtype));
        var tokens = sample.Input.argmax(-1); // [T, B]
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var input = tokens.select(1, sequence).contiguous().data<long>().ToArray();
            var symbols = input[..10];
            Assert.All(symbols, symbol => Assert.InRange(symbol, 1, 8));
            Assert.Equal([.. symbols, .. new long[delay - 1], 9, .. new long[10]], input);
            var target = sample.Target.select(1, sequence).contiguous().data<long>().ToArray();
            Assert.Equal([.. new long[delay + 10], .. symbols], target);
        }
    }

    [Fact]
    public void Sample_Input_IsOneHot()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var sample = new CopyTask(3, symbols: 2).Sample(11, generator);

        Assert.Equal(1, sample.Input.max().ToDouble());
        Assert.Equal(0, sample.Input.min().ToDouble());
        Assert.Equal(7 * 11, sample.Input.sum().ToDouble());
        Assert.True(sample.Input.sum(-1).eq(1).all().ToBoolean());
    }

    [Fact]
    public void Sample_ManySequences_DrawEachSymbolEquallyOften()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        const int batch = 8_000;
        using var sample = new CopyTask(1).Sample(batch, generator);

        var symbols = sample.Target.narrow(0, 11, 10);
        for (var symbol = 1; symbol <= 8; symbol++)
        {
            // 80,000 draws with probability 1/8: the standard deviation is 94.
            Assert.InRange(symbols.eq(symbol).sum().ToInt64(), 10_000 - 500, 10_000 + 500);
        }
    }

    [Fact]
    public void Sample_SameSeed_DrawsTheSameAndAnotherSeedDrawsOthers()
    {
        using var scope = NewDisposeScope();
        var task = new CopyTask(5);
        Tensor[] Draw(ulong seed)
        {
            using var generator = new Generator(seed);
            return [task.Sample(3, generator).Target, task.Sample(3, generator).Target];
        }

        var (first, same, other) = (Draw(1), Draw(1), Draw(2));
        Assert.True(first[0].eq(same[0]).all().ToBoolean() && first[1].eq(same[1]).all().ToBoolean());
        Assert.False(first[0].eq(first[1]).all().ToBoolean(), "The second batch is fresh.");
        Assert.False(first[0].eq(other[0]).all().ToBoolean());
    }

    [Theory]
    [InlineData(100, 0.1733)]
    [InlineData(200, 0.0945)]
    [InlineData(300, 0.0650)]
    [InlineData(500, 0.0400)]
    [InlineData(1000, 0.0204)]
    [InlineData(2000, 0.0103)]
    public void Baseline_OfPublishedDelays_IsThePublishedValue(int delay, double expected)
        => Assert.Equal(expected, new CopyTask(delay).Baseline, 0.00005);

    [Fact]
    public void Score_PerfectAnswers_HaveRecallOneAndNoLoss()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var task = new CopyTask(3, symbols: 5);
        using var sample = task.Sample(7, generator);

        var score = task.Score(nn.functional.one_hot(sample.Target, 9).to(ScalarType.Float32).mul(100), sample.Target);

        Assert.Equal((1, 0), (score.Metric, score.StandardError));
        Assert.Equal(0, score.Loss, 1e-6);
        Assert.Equal((13 * 7, 7), (score.LossCount, score.Sequences));
    }

    [Fact]
    public void Score_BestAnswersWithoutMemory_HaveTheBaselineAsLossAndRecallAnEighth()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = new CopyTask(11);
        using var sample = task.Sample(2_000, generator);
        // Sure of the blanks, undecided among the symbols; one of them a hair ahead, for argmax must choose.
        var output = zeros(task.Length, 2_000, 9);
        output.narrow(0, 0, 21).narrow(2, 0, 1).fill_(100);
        output.narrow(0, 21, 10).narrow(2, 0, 1).fill_(-100);
        output.narrow(2, 4, 1).add_(1e-6f);

        var score = task.Score(output, sample.Target);

        Assert.Equal(task.Baseline, score.Loss, 1e-5);
        Assert.Equal(0.125, score.Metric, 0.01);
    }

    [Fact]
    public void Score_OneWrongSymbol_LosesItsShareOfRecall()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        var task = new CopyTask(3, symbols: 5);
        using var sample = task.Sample(7, generator);
        var answer = sample.Target.clone();
        answer[12, 4] = 0;
        answer[0, 0] = 5; // A wrong blank costs loss, but is no symbol.

        Assert.Equal(34.0 / 35, task.Score(nn.functional.one_hot(answer, 9).to(ScalarType.Float32), sample.Target).Metric, 1e-15);
    }

    [Fact]
    public void Loss_AnyAnswers_IsTheMeanNegativeLogProbability()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        var task = new CopyTask(2, symbols: 3);
        using var sample = task.Sample(5, generator);
        var output = randn(task.Length, 5, 9, dtype: ScalarType.Float64, generator: generator);

        var logs = output.sub(output.exp().sum(-1, true).log());
        var expected = logs.gather(2, sample.Target.unsqueeze(2)).mean().neg();

        Assert.Equal(expected.ToDouble(), task.Loss(output, sample.Target).ToDouble(), 1e-12);
    }

    [Theory]
    [InlineData(12, 5, 9)]
    [InlineData(13, 5, 10)]
    [InlineData(13, 7, 9)]
    public void Loss_WrongShape_NamesWhatWasExpected(long steps, long batch, long classes)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var task = new CopyTask(3, symbols: 5);
        using var sample = task.Sample(5, generator);

        var error = Assert.Throws<ArgumentException>(() => task.Loss(zeros(steps, batch, classes), sample.Target));
        Assert.Contains($"output: expected [T, B, 9] = [13, 5, 9], got [{steps}, {batch}, {classes}]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => task.Score(zeros(13, 5, 9), zeros(12, 5)));
    }

    [Fact]
    public void CopyTask_NumbersBelowOne_AreRefusedByName()
    {
        Assert.Equal("delay", Assert.Throws<ArgumentOutOfRangeException>(() => new CopyTask(0)).ParamName);
        Assert.Equal("symbols", Assert.Throws<ArgumentOutOfRangeException>(() => new CopyTask(1, 0)).ParamName);
        using var generator = new Generator(1);
        Assert.Equal("batchSize", Assert.Throws<ArgumentOutOfRangeException>(() => new CopyTask(1).Sample(0, generator)).ParamName);
    }

    [Fact]
    public void SampleLossAndScore_InAScope_LeaveNothingBehind()
    {
        using var outer = NewDisposeScope();
        using var generator = new Generator(1);
        var task = new CopyTask(3, symbols: 5);
        using var output = zeros(task.Length, 7, 9);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var round = 0; round < 3; round++)
        {
            using var sample = task.Sample(7, generator);
            using var loss = task.Loss(output, sample.Target);
            task.Score(output, sample.Target);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
