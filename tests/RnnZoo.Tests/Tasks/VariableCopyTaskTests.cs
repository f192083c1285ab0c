using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class VariableCopyTaskTests
{
    [Fact]
    public void Sample_Sequences_HaveTheLayoutOfTheDefinition_EachWithItsDelay()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        const int min = 2, max = 7, n = 3, batch = 601;

        using var sample = new VariableCopyTask(max, min, n).Sample(batch, generator);

        var tokens = sample.Input.argmax(-1); // [T, B]
        Assert.True(sample.Input.sum(-1).eq(1).all().ToBoolean() && sample.Input.max().ToDouble() == 1);
        var delays = new int[max + 1];
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var input = tokens.select(1, sequence).contiguous().data<long>().ToArray();
            var target = sample.Target.select(1, sequence).contiguous().data<long>().ToArray();
            var delay = Array.IndexOf(input, CopyTask.Marker) - n + 1;
            var symbols = input[..n];
            Assert.All(symbols, symbol => Assert.InRange(symbol, 1, 8));
            Assert.Equal([.. symbols, .. new long[delay - 1], 9, .. new long[n + max - delay]], input);
            Assert.Equal([.. new long[delay + n], .. symbols, .. new long[max - delay]], target);
            delays[delay]++;
        }

        // 601 draws among six delays: a standard deviation of 9.
        Assert.All(delays[min..], count => Assert.InRange(count, 100 - 45, 100 + 45));
        Assert.Equal(batch, delays[min..].Sum());
    }

    [Fact]
    public void Padded_SequencesEndWithTheirAnswers_AndPaddingCountsForNothing()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var same = new Generator(3);
        var task = new VariableCopyTask(9, 2, 3, padded: true);
        using var sample = task.Sample(50, generator);
        using var whole = new VariableCopyTask(9, 2, 3).Sample(50, same);
        Assert.True(sample.Input.eq(whole.Input).all().ToBoolean());
        using var model = SequenceModel.Create("gru", 10, 7, 9);
        var output = sample.OutputOf(model); // [T, B, 9]
        var losses = new List<double>();
        for (var b = 0; b < 50; b++)
        {
            var length = sample.Lengths![b].item<long>();
            var (target, expected) = (sample.Target.select(1, b), whole.Target.select(1, b));
            Assert.True(target.narrow(0, 0, length).eq(expected.narrow(0, 0, length)).all().ToBoolean());
            Assert.NotEqual(0, target[length - 1].item<long>()); // the last symbol
            Assert.True(length == task.Length || target.narrow(0, length, task.Length - length).eq(-100).all().ToBoolean());
            var alone = model.call(sample.Input.narrow(0, 0, length).narrow(1, b, 1)).Output.squeeze(1); // [length, 9]
            losses.AddRange(nn.functional.cross_entropy(alone, target.narrow(0, 0, length), reduction: nn.Reduction.None).data<float>().ToArray().Select(loss => (double)loss));
        }

        Assert.Equal(losses.Average(), task.Loss(output, sample.Target).ToDouble(), 1e-5);
        Assert.Equal(losses.Average(), task.Score(output, sample.Target).Loss, 1e-5);
        Assert.Equal(3 * Math.Log(8) / 11.5, task.Baseline, 1e-12); // the mean of D is 5.5
        var result = new Trainer(model, task, new TrainingOptions { Steps = 3, BatchSize = 4 }).Run();
        Assert.Equal(3, result.Steps);
    }

    [Fact]
    public void Sample_WithOneDelay_LooksAsTheCopyTask()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var same = new Generator(3);
        using var variable = new VariableCopyTask(5, 5, 3).Sample(7, generator);
        using var copy = new CopyTask(5, 3).Sample(7, same);

        Assert.True(variable.Input.eq(copy.Input).all().ToBoolean());
        Assert.True(variable.Target.eq(copy.Target).all().ToBoolean());
        Assert.Equal(new CopyTask(5, 3).Baseline, new VariableCopyTask(5, 5, 3).Baseline);
    }

    [Fact]
    public void Score_BestAnswersWithoutMemory_HaveTheBaselineAsLossAndRecallAnEighth()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var task = new VariableCopyTask(11, 3, 5);
        using var sample = task.Sample(4_000, generator);
        // Sure of the blanks, undecided among the symbols; one of them a hair ahead, for argmax must choose.
        var asked = sample.Target.ne(0).to(ScalarType.Float32); // [T, B]
        var output = zeros(task.Length, 4_000, 9);
        output.select(2, 0).copy_(asked.mul(-200).add(100));
        output.select(2, 4).add_(1e-6f);

        var score = task.Score(output, sample.Target);

        Assert.Equal(task.Baseline, score.Loss, 1e-5);
        Assert.Equal(task.Metric.Baseline, score.Metric, 4 * score.StandardError);
        Assert.InRange(score.StandardError, 0.001, 0.004);
    }

    [Fact]
    public void Score_OneWrongSymbol_LosesItsShareOfRecall_AndAWrongBlankNone()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        var task = new VariableCopyTask(7, 2, 5);
        using var sample = task.Sample(7, generator);
        var answer = sample.Target.clone();
        answer[0, 0] = 5;
        var steps = answer.select(1, 4).contiguous().data<long>().ToArray();
        answer[Array.FindIndex(steps, symbol => symbol > 0), 4] = 0;

        var score = task.Score(nn.functional.one_hot(answer, 9).to(ScalarType.Float32), sample.Target);

        Assert.Equal(34.0 / 35, score.Metric, 1e-15);
    }
}
