using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class AddingTaskTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(10_000)]
    public void Sample_TwoValuesAreMarked_OneInEachHalf_AndTheTargetIsTheirSum(int length)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var batch = length < 100 ? 101 : 11;

        using var sample = new AddingTask(length).Sample(batch, generator);

        for (var sequence = 0; sequence < batch; sequence++)
        {
            var values = sample.Input.select(1, sequence).select(1, 0).contiguous().data<float>().ToArray();
            var markers = sample.Input.select(1, sequence).select(1, 1).contiguous().data<float>().ToArray();
            var marked = Enumerable.Range(0, length).Where(step => markers[step] == 1).ToArray();
            Assert.All(values, value => Assert.InRange(value, 0, 1));
            Assert.Equal(length - 2, markers.Count(marker => marker == 0));
            Assert.InRange(marked[0], 0, (length / 2) - 1);
            Assert.InRange(marked[1], length / 2, length - 1);
            Assert.Equal(values[marked[0]] + values[marked[1]], sample.Target[sequence].ToSingle(), 1e-6f);
        }
    }

    [Fact]
    public void Sample_ManySequences_MarkEveryStepOfAHalfEquallyOften_AndDrawValuesEvenly()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        using var sample = new AddingTask(11).Sample(30_000, generator);

        var counts = sample.Input.select(2, 1).sum(dim: 1).data<float>().ToArray();
        // 30,000 draws among 5 and among 6 steps: standard deviations of 69 and 65.
        Assert.All(counts[..5], count => Assert.InRange(count, 6_000 - 350, 6_000 + 350));
        Assert.All(counts[5..], count => Assert.InRange(count, 5_000 - 330, 5_000 + 330));
        var values = sample.Input.select(2, 0);
        Assert.Equal(0.5, values.mean().ToDouble(), 0.003);
        Assert.Equal(1.0 / 12, values.var().ToDouble(), 0.001);
    }

    [Fact]
    public void Score_AlwaysTheMean_HasTheBaselineAsLossAndMetric()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = new AddingTask(5);
        using var sample = task.Sample(100_000, generator);

        var score = task.Score(ones(5, 100_000, 1), sample.Target);

        // (u + v - 1)² has the mean 1/6 and the variance 1/15 - 1/36.
        var deviation = Math.Sqrt((1.0 / 15) - (1.0 / 36));
        Assert.Equal(deviation / Math.Sqrt(100_000), score.StandardError, 1e-5);
        Assert.Equal(task.Baseline, score.Loss, 4 * score.StandardError);
        Assert.Equal(score.Loss, score.Metric, 1e-12);
        Assert.Equal((1.0 / 6, task.Metric.Baseline), (task.Baseline, task.Baseline));
    }

    [Fact]
    public void Score_WhereTheLastValueIsKnown_GainsOnlyWhatTheDefinitionSays()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var task = new AddingTask(5);
        using var sample = task.Sample(200_000, generator);
        // The best that the last step alone allows: its value and a half where it is marked, else 1.
        var (value, marker) = (sample.Input[4].select(1, 0), sample.Input[4].select(1, 1));
        var output = zeros(5, 200_000, 1);
        output[4] = marker.mul(value.sub(0.5)).add(1).unsqueeze(1);

        var score = task.Score(output, sample.Target);

        Assert.Equal((1.0 / 6) - (1.0 / 36), score.Loss, 4 * score.StandardError);
    }

    [Fact]
    public void Score_KnownAnswers_IsTheirMeanSquaredErrorAtTheLastStep()
    {
        using var scope = NewDisposeScope();
        var task = new AddingTask(3);
        var output = full([3, 2, 1], 9f);
        output[2] = tensor(new[] { 0.5f, 1.5f }).unsqueeze(1);

        var score = task.Score(output, tensor(new[] { 1f, 1.25f }));

        Assert.Equal(new TaskScore(0.25 + 0.0625, 2, 0.25 + 0.0625, 0.0625 + (0.0625 * 0.0625), 2), score);
    }
}
