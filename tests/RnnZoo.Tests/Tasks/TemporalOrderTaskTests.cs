using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class TemporalOrderTaskTests
{
    [Theory]
    [InlineData(10, 1, 2, 5, 6)]
    [InlineData(57, 5, 11, 28, 34)]
    [InlineData(100, 10, 20, 50, 60)]
    public void Sample_Sequences_HaveTheLayoutOfTheDefinition(int length, int from1, int to1, int from2, int to2)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        const int batch = 211;

        using var sample = new TemporalOrderTask(length).Sample(batch, generator);

        Assert.True(sample.Input.sum(-1).eq(1).all().ToBoolean() && sample.Input.max().ToDouble() == 1);
        var tokens = sample.Input.argmax(-1); // [T, B]
        var (firsts, seconds) = (new HashSet<int>(), new HashSet<int>());
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var input = tokens.select(1, sequence).contiguous().data<long>().ToArray();
            Assert.Equal((6, 7), (input[0], input[^1]));
            var places = Enumerable.Range(1, length - 2).Where(step => input[step] >= 4).ToArray();
            Assert.Equal(2, places.Length);
            Assert.All(places, place => Assert.InRange(input[place], 4, 5));
            Assert.Equal((2 * (input[places[0]] - 4)) + input[places[1]] - 4, sample.Target[sequence].ToInt64());
            firsts.Add(places[0]);
            seconds.Add(places[1]);
        }

        Assert.Equal((from1, to1), (firsts.Min(), firsts.Max()));
        Assert.Equal((from2, to2), (seconds.Min(), seconds.Max()));
    }

    [Fact]
    public void Sample_ManySequences_DrawClassesAndDistractorsEquallyOften()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var sample = new TemporalOrderTask(10).Sample(20_000, generator);

        for (var one = 0; one < 4; one++)
        {
            // 20,000 draws with probability 1/4: the standard deviation is 61.
            Assert.InRange(sample.Target.eq(one).sum().ToInt64(), 5_000 - 300, 5_000 + 300);
            // Six distractors in each sequence: 150.
            Assert.InRange(sample.Input.select(2, one).sum().ToDouble(), 30_000 - 750, 30_000 + 750);
        }
    }

    [Fact]
    public void Score_AGuess_HasTheBaselineAsLossAndMetric()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = new TemporalOrderTask(10);
        using var sample = task.Sample(20_000, generator);
        var output = zeros(10, 20_000, 4);
        output.select(2, 2).add_(1e-6f);

        var score = task.Score(output, sample.Target);

        Assert.Equal(Math.Log(4), task.Baseline);
        Assert.Equal(task.Baseline, score.Loss, 1e-5);
        Assert.Equal(0.25, score.Metric, 4 * score.StandardError);
        Assert.Equal(Math.Sqrt(0.25 * 0.75 / 20_000), score.StandardError, 1e-4);
    }
}
