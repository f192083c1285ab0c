using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;
using static TorchSharp.torch.optim.lr_scheduler;

namespace SystemTorch.Tests.Optim;

/// <summary>Learning rates of each schedule against its closed form, over all its phases.</summary>
public class SchedulerTests
{
    private const double Start = 0.8;
    private const int Epochs = 30;

    public static TheoryData<string> Names => new("step", "multistep", "exponential", "constant", "linear", "polynomial", "cosine", "lambda", "multiplicative");

    [Theory]
    [MemberData(nameof(Names))]
    public void Rates_StepByStepAndByEpoch_FollowTheClosedForm(string name)
    {
        using var parameter = new Parameter(ones(2));
        using SGD stepped = SGD([parameter], Start);
        using SGD jumped = SGD([parameter], Start);
        (LRScheduler schedule, Func<int, double> closed) = Make(name, stepped);
        (LRScheduler jumper, _) = Make(name, jumped);
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            Assert.Equal(closed(epoch), stepped.ParamGroups.Single().LearningRate, 1e-12);
            Assert.Equal(closed(epoch), schedule.get_last_lr().Single(), 1e-12);
            schedule.step();
        }

        if (name == "multiplicative")
        {
            return; // has no closed form
        }

        foreach (int epoch in new[] { 17, 3, 29, 0, 7 })
        {
            jumper.step(epoch);
            Assert.Equal(closed(epoch), jumped.ParamGroups.Single().LearningRate, 1e-12);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void OneCycle_GoesUpAndDown_AndMomentumTheOtherWay(bool threePhase, bool linear)
    {
        const int Total = 21;
        using var parameter = new Parameter(ones(2));
        using SGD optimizer = SGD([parameter], 0.1, momentum: 0.9);
        LRScheduler schedule = OneCycleLR(
            optimizer, Start, total_steps: Total, pct_start: 1.0 / 3, three_phase: threePhase,
            anneal_strategy: linear ? impl.OneCycleLR.AnnealStrategy.Linear : impl.OneCycleLR.AnnealStrategy.Cos);
        double low = Start / 25, floor = low / 1e4;
        double Between(double from, double to, double share)
            => linear ? from + ((to - from) * share) : to + ((from - to) * (1 + Math.Cos(Math.PI * share)) / 2);
        for (int step = 0; step < Total; step++)
        {
            (double rate, double momentum) = (step, threePhase) switch
            {
                ( <= 6, _) => (Between(low, Start, step / 6.0), Between(0.95, 0.85, step / 6.0)),
                ( <= 12, true) => (Between(Start, low, (step - 6) / 6.0), Between(0.85, 0.95, (step - 6) / 6.0)),
                (_, true) => (Between(low, floor, (step - 12) / 8.0), 0.95),
                _ => (Between(Start, floor, (step - 6) / 14.0), Between(0.85, 0.95, (step - 6) / 14.0)),
            };
            Assert.Equal(rate, optimizer.ParamGroups.Single().LearningRate, 1e-12);
            Assert.Equal(momentum, ((IMomentum)optimizer.ParamGroups.Single()).Momentum, 1e-12);
            schedule.step();
        }

        Assert.Throws<InvalidOperationException>(() => schedule.step());
    }

    [Fact]
    public void Plateau_ReducesAfterPatience_WaitsOutTheCooldown_AndStopsAtTheFloor()
    {
        using var parameter = new Parameter(ones(2));
        using SGD optimizer = SGD([parameter], Start);
        LRScheduler schedule = ReduceLROnPlateau(optimizer, factor: 0.5, patience: 2, cooldown: 1, min_lr: [0.3]);
        double Rate() => optimizer.ParamGroups.Single().LearningRate;
        double[] metrics = [1.0, 0.9, 0.9, 0.90001, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5];
        double[] rates = [0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3];
        foreach ((double metric, double rate) in metrics.Zip(rates))
        {
            schedule.step(metric);
            Assert.Equal(rate, Rate(), 1e-12);
        }

        Assert.Throws<InvalidOperationException>(() => schedule.step());
        using SGD rising = SGD([parameter], Start);
        LRScheduler upwards = ReduceLROnPlateau(rising, "max", patience: 0, threshold: 0.1, threshold_mode: "abs");
        upwards.step(1.0);
        upwards.step(1.2);
        Assert.Equal(Start, rising.ParamGroups.Single().LearningRate);
        upwards.step(1.25);
        Assert.Equal(Start * 0.1, rising.ParamGroups.Single().LearningRate, 1e-12);
        Assert.Throws<ArgumentException>(() => ReduceLROnPlateau(rising, "sideways"));
    }

    [Fact]
    public void Chained_MultipliesTheFactors()
    {
        using var parameter = new Parameter(ones(2));
        using SGD optimizer = SGD([parameter], Start);
        LRScheduler schedule = ChainedLR([ExponentialLR(optimizer, 0.9), StepLR(optimizer, 3, 0.5)]);
        for (int epoch = 1; epoch < Epochs; epoch++)
        {
            schedule.step();
            double expected = Start * Math.Pow(0.9, epoch) * Math.Pow(0.5, epoch / 3);
            Assert.Equal(expected, optimizer.ParamGroups.Single().LearningRate, 1e-12);
            Assert.Equal(expected, schedule.get_last_lr().Single(), 1e-12);
        }
    }

    [Fact]
    public void Sequential_ChangesAtTheMilestone_AndStartsTheNextAnew()
    {
        using var parameter = new Parameter(ones(2));
        using SGD optimizer = SGD([parameter], Start);
        LRScheduler schedule = SequentialLR(optimizer, [ConstantLR(optimizer, 0.1, 100), ExponentialLR(optimizer, 0.9)], [5]);
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            double expected = epoch < 5 ? Start * 0.1 : Start * Math.Pow(0.9, epoch - 5);
            Assert.Equal(expected, optimizer.ParamGroups.Single().LearningRate, 1e-12);
            schedule.step();
        }
    }

    private static (LRScheduler Schedule, Func<int, double> Closed) Make(string name, Optimizer optimizer) => name switch
    {
        "step" => (StepLR(optimizer, 7, 0.3), epoch => Start * Math.Pow(0.3, epoch / 7)),
        "multistep" => (MultiStepLR(optimizer, [3, 11, 12], 0.3), epoch => Start * Math.Pow(0.3, new[] { 3, 11, 12 }.Count(m => m <= epoch))),
        "exponential" => (ExponentialLR(optimizer, 0.9), epoch => Start * Math.Pow(0.9, epoch)),
        "constant" => (ConstantLR(optimizer, 0.25, 7), epoch => Start * (epoch < 7 ? 0.25 : 1)),
        "linear" => (LinearLR(optimizer, 0.2, 0.9, 7), epoch => Start * (0.2 + (0.7 * Math.Min(epoch, 7) / 7.0))),
        "polynomial" => (PolynomialLR(optimizer, 31, 2), epoch => Start * Math.Pow(1 - (epoch / 31.0), 2)),
        "cosine" => (CosineAnnealingLR(optimizer, 11, 0.05), epoch => 0.05 + ((Start - 0.05) * (1 + Math.Cos(Math.PI * epoch / 11)) / 2)),
        "lambda" => (LambdaLR(optimizer, epoch => 1.0 / (1 + epoch)), epoch => Start / (1 + epoch)),
        "multiplicative" => (
            MultiplicativeLR(optimizer, epoch => epoch % 2 == 0 ? 0.8 : 0.9),
            epoch => Start * Math.Pow(0.8, epoch / 2) * Math.Pow(0.9, (epoch + 1) / 2)),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such schedule"),
    };
}
