using RnnZoo.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class SelectiveCopyTaskTests
{
    [Theory]
    [InlineData(7, 3, 2000)]
    [InlineData(9980, 10, 5)] // T = 10,000
    public void Sample_Sequences_HaveTheLayoutOfTheDefinition(int delay, int n, int batch)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);

        using var sample = new SelectiveCopyTask(delay, n).Sample(batch, generator);

        Assert.True(sample.Input.sum(-1).eq(1).all().ToBoolean() && sample.Input.max().ToDouble() == 1);
        var (inputs, targets) = (sample.Input.argmax(-1).t().contiguous(), sample.Target.t().contiguous()); // [B, T]
        var (places, symbols) = (new int[delay + n], new int[9]);
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var (input, target) = (inputs[sequence].data<long>().ToArray(), targets[sequence].data<long>().ToArray());
            var read = new List<long>();
            for (var step = 0; step < delay + n; step++)
            {
                Assert.Equal(-100, target[step]);
                if (input[step] != CopyTask.Blank)
                {
                    Assert.InRange(input[step], 1, 8);
                    read.Add(input[step]);
                    places[step]++;
                    symbols[input[step]]++;
                }
            }

            Assert.Equal(n, read.Count);
            Assert.Equal(Enumerable.Repeat((long)CopyTask.Marker, n), input[(delay + n)..]);
            Assert.Equal(read, target[(delay + n)..]);
        }

        if (batch == 2000)
        {
            Assert.All(places, count => Assert.InRange(count, 600 - 100, 600 + 100)); // 2,000 times 3 in 10: a standard deviation of 20
            Assert.All(symbols[1..], count => Assert.InRange(count, 750 - 130, 750 + 130)); // 6,000 among eight: of 26
        }
    }

    [Fact]
    public void Score_IsOfTheSymbolsAlone()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var task = new SelectiveCopyTask(11, 5);
        using var sample = task.Sample(7, generator);
        var guess = full(task.Length, 7, 9, 0f);
        guess.index_put_(-1000f, TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Single(0)); // sure that it is no blank
        var right = guess.clone();
        var wanted = sample.Target.clamp(min: 0);
        right.scatter_(2, wanted.unsqueeze(-1), full(task.Length, 7, 1, 1000f));
        right.narrow(0, task.Length - 1, 1).copy_(guess.narrow(0, 0, 1)); // the last symbol is not known: torch takes the first of equals
        var lucky = sample.Target[-1].eq(1).sum().item<long>();

        Assert.Equal(task.Baseline, task.Loss(guess, sample.Target).ToDouble(), 1e-5);
        Assert.Equal((28.0 + lucky) / 35, task.Score(right, sample.Target).Metric, 1e-9);
        Assert.Equal(task.Baseline / 5, task.Score(right, sample.Target).Loss, 1e-5);
        Assert.Equal((35L, 7L), (task.Score(right, sample.Target).LossCount, task.Score(right, sample.Target).Sequences));
    }
}
