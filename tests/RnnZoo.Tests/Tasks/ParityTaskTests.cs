using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class ParityTaskTests
{
    [Fact]
    public void Sample_Target_IsTheParityOfAllBitsSoFar()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var sample = new ParityTask(13).Sample(29, generator);

        var bits = sample.Input.argmax(-1); // [T, B]
        Assert.True(sample.Input.sum(-1).eq(1).all().ToBoolean() && sample.Input.max().ToDouble() == 1);
        for (var sequence = 0; sequence < 29; sequence++)
        {
            var odd = 0L;
            for (var step = 0; step < 13; step++)
            {
                odd ^= bits[step, sequence].ToInt64();
                Assert.Equal(odd, sample.Target[step, sequence].ToInt64());
            }
        }
    }

    [Fact]
    public void Sample_ManySequences_DrawBothBitsEquallyOften()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var sample = new ParityTask(10).Sample(10_000, generator);

        // 100,000 draws: the standard deviation is 158.
        Assert.InRange(sample.Input.select(2, 1).sum().ToDouble(), 50_000 - 800, 50_000 + 800);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(40)]
    public void Score_BestAnswersWithoutMemory_HaveTheBaselineAsLossAndMetric(int length)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = new ParityTask(length);
        using var sample = task.Sample(20_000, generator);
        // The bit itself, with the probability that it is the parity, whatever the step.
        var p = (length + 1.0) / (2 * length);
        var output = sample.Input.mul(Math.Log(p / (1 - p)));

        var score = task.Score(output, sample.Target);

        Assert.Equal(p, task.Metric.Baseline);
        Assert.Equal(p, score.Metric, 4 * score.StandardError);
        Assert.Equal(task.Baseline, score.Loss, 4 * score.StandardError * Math.Log(p / (1 - p)));
        Assert.True(task.Baseline < Math.Log(2));
    }

    [Fact]
    public void Baseline_OfOneStep_IsNothing_ForTheAnswerIsSeen()
        => Assert.Equal((0, 1), (new ParityTask(1).Baseline, new ParityTask(1).Metric.Baseline));
}
