using RnnZoo.Tasks;

namespace RnnZoo.Tests.Tasks;

public class TaskScoreTests
{
    [Fact]
    public void Sum_OfTwoScores_IsTheScoreOfBothBatches()
    {
        var sum = new TaskScore(3, 10, 4, 5, 2) + new TaskScore(9, 20, 1, 7, 3);

        Assert.Equal(new TaskScore(12, 30, 5, 12, 5), sum);
        Assert.Equal((0.4, 1.0), (sum.Loss, sum.Metric));
    }

    [Fact]
    public void StandardError_OfKnownValues_IsTheirDeviationByTheRootOfTheirNumber()
    {
        // 1, 2, 4, 5, 8: mean 4, squared deviations 9 + 4 + 0 + 1 + 16 = 30, variance 30/4.
        var score = new TaskScore(0, 1, 20, 1 + 4 + 16 + 25 + 64, 5);

        Assert.Equal(4, score.Metric);
        Assert.Equal(Math.Sqrt(30.0 / 4 / 5), score.StandardError, 1e-15);
    }

    [Fact]
    public void StandardError_OfEqualValuesIsZero_AndOfOneSequenceThereIsNone()
    {
        Assert.Equal(0, new TaskScore(0, 1, 7 * 0.3, 7 * 0.3 * 0.3, 7).StandardError, 1e-8);
        Assert.True(double.IsNaN(new TaskScore(0, 1, 1, 1, 1).StandardError));
        Assert.True(double.IsNaN(default(TaskScore).StandardError));
        Assert.True(double.IsNaN(default(TaskScore).Metric));
    }

    [Theory]
    [InlineData("recall", 0.99, 0.98, true)]
    [InlineData("recall", 0.98, 0.98, true)]
    [InlineData("recall", 0.97, 0.98, false)]
    [InlineData("recall", double.NaN, 0.98, false)]
    [InlineData("mse", 0.001, 0.002, true)]
    [InlineData("mse", 0.003, 0.002, false)]
    [InlineData("mse", double.NaN, 0.002, false)]
    public void Reaches_IsAsTheMetricIsRead(string metric, double value, double wanted, bool expected)
    {
        ISequenceTask task = metric == "mse" ? new AddingTask(7) : new CopyTask(7);

        Assert.Equal(metric, task.Metric.Name);
        Assert.Equal(expected, task.Metric.Reaches(value, wanted));
    }
}
