using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Modules;
using RnnZoo.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Training;

/// <summary>The learning rate of what orthogonal matrices are made of.</summary>
public sealed class SkewRateTests
{
    private static readonly TrainingOptions Once = new() { Steps = 1, BatchSize = 3, LearningRate = 0.01, FinalSequences = 1, Optimizer = OptimizerKind.Adam };

    [Theory]
    [InlineData(1)]
    [InlineData(0.1)]
    [InlineData(0.003)]
    public void Factor_IsTheShareOfTheRateThatSkewNumbersMoveBy(double factor)
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("orthogonal", 10, 7, 9, numLayers: 2);
        var before = model.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.detach().clone());
        new Trainer(model, new CopyTask(5), Once with { SkewRateFactor = factor }).Run();
        foreach (var (name, parameter) in model.named_parameters())
        {
            // Adam's first step moves each number by the rate, whatever its gradient.
            var moved = parameter.sub(before[name]).abs().max().ToDouble();
            Assert.Equal(name.Contains("skew_hh", StringComparison.Ordinal) ? 0.01 * factor : 0.01, moved, 1e-4 * factor);
        }
    }

    [Fact]
    public void Default_IsATenthForThem_AndNetsWithoutThemTrainAsEver()
    {
        Assert.Equal(0.1, new TrainingOptions().SkewRateFactor);
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var one = SequenceModel.Create("lstm", 10, 7, 9);
        using var other = SequenceModel.Create("lstm", 10, 7, 9);
        other.load_state_dict(one.state_dict());
        new Trainer(one, new CopyTask(5), Once with { Steps = 3 }).Run();
        new Trainer(other, new CopyTask(5), Once with { Steps = 3, SkewRateFactor = 0.5 }).Run();
        Expect.Close(one.state_dict(), other.state_dict(), 0, "lstm");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public void Factor_ThatIsNoNumberAboveZero_IsRefused(double factor) =>
        Assert.Equal("SkewRateFactor", Assert.Throws<ArgumentOutOfRangeException>(() => (Once with { SkewRateFactor = factor }).Validate()).ParamName);
}
