using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Bptt;
using RnnZoo.Tests.Training;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>What the monitor warns of, how often, and what it counts.</summary>
public sealed class GradientMonitorTests
{
    [Fact]
    public void ExplodingAndVanishing_AreWarnedOfOnceEach_UntilTheyBeginAnew()
    {
        using var net = LinearNet.Scaled(1);
        var heard = new List<GradientWarning>();
        using var monitor = new GradientMonitor(net, new GradientMonitorOptions { OnWarning = heard.Add });
        var step = 0;
        foreach (var factor in new[] { 1, 2, 2, 1, 2, 0.5, 0.5, 1 })
        {
            LinearNet.SetFactor(net, factor);
            Backward(net);
            monitor.Observe(++step);
        }

        Assert.Equal([(2, GradientSignalKind.Exploding, 40), (5, GradientSignalKind.Exploding, 40), (6, GradientSignalKind.Vanishing, 20)], heard.Select(warning => ((int)warning.Step, warning.Kind, warning.TimeStep)));
        Assert.Equal(1, heard[0].Factor / Math.Pow(2, 40), 1e-11);
        Assert.Equal("step 2, layer 0: the gradient grows by a factor of 1.1E+12 on its way back, from t = 40 on", heard[0].ToString());
        Assert.Equal("step 6, layer 0: after 20 steps back less than 1E-06 of the gradient is left", heard[2].ToString());
        var report = monitor.Report;
        Assert.Equal((8L, 8L, 3L, 2L), (report.Steps, report.Measured, report.Exploding, report.Vanishing));
        Assert.Equal(heard, report.Warnings);
        Assert.Equal([(int?)null], report.MemorySteps);
    }

    [Fact]
    public void NotFiniteGradient_CountsAsExploding()
    {
        using var scope = NewDisposeScope();
        using var net = LinearNet.Scaled(1);
        using var monitor = new GradientMonitor(net);
        Gradient.Backward(net.call(LayerCase.Random(7, 3, 5)).Item1[4].sum().mul(double.NaN));
        monitor.Observe(1, double.NaN);
        var warning = Assert.Single(monitor.Report.Warnings);
        Assert.Equal("step 1, layer 0: the gradient is not finite from t = 4 backwards", warning.ToString());
        Assert.Equal(0, monitor.Report.LargestGradientNorm);
    }

    [Fact]
    public void Clipping_IsCounted()
    {
        using var net = LinearNet.Scaled(1);
        using var monitor = new GradientMonitor(net, new GradientMonitorOptions { ClipNorm = 2 });
        foreach (var (norm, step) in new[] { 1.0, 2, 8, 4, double.NaN }.Zip(Enumerable.Range(1, 5)))
        {
            monitor.Observe(step, norm);
        }

        var report = monitor.Report;
        Assert.Equal((5L, 2L, 0.4, 0.25, 8.0), (report.Steps, report.Clipped, report.ClippedShare, report.SmallestClipFactor, report.LargestGradientNorm));
        Assert.Equal(0, report.Measured);
        Assert.Empty(report.MemorySteps);
    }

    [Fact]
    public void EveryThird_IsMeasured()
    {
        using var net = LinearNet.Scaled(0.5);
        using var monitor = new GradientMonitor(net, new GradientMonitorOptions { Every = 3 });
        for (var step = 1; step <= 7; step++)
        {
            Backward(net);
            monitor.Observe(step);
        }

        Assert.Equal((7L, 3L, 3L), (monitor.Report.Steps, monitor.Report.Measured, monitor.Report.Vanishing));
        monitor.Dispose();
        Backward(net);
        monitor.Observe(8);
        Assert.Equal(3, monitor.Report.Measured);
    }

    [Fact]
    public void InATrainer_StepsClippingAndMemoryAreSeen()
    {
        manual_seed(1);
        var task = new CopyTask(30);
        using var model = SequenceModel.Create("lstm", task.InputSize, 8, task.OutputSize);
        using var monitor = new GradientMonitor(model, new GradientMonitorOptions { ClipNorm = 0.05 });
        var recording = new RecordingObserver(step => monitor.Observe(step.Step, step.GradientNorm));
        new Trainer(model, task, new TrainingOptions { Steps = 6, BatchSize = 3, ClipNorm = 0.05, EvaluateEvery = 2, EvaluationSequences = 4, FinalSequences = 4 }, recording).Run();
        var report = monitor.Report;
        Assert.Equal((6L, 6L), (report.Steps, report.Measured));
        Assert.Equal(recording.Steps.Count(step => step.GradientNorm > 0.05), report.Clipped);
        Assert.Equal(recording.Steps.Max(step => step.GradientNorm), report.LargestGradientNorm);
        Assert.InRange(monitor.Gains[0].StepsUntilLeft(1e-6)!.Value, 5, 49);
    }

    [Fact]
    public void WrongOptions_AreNamed()
    {
        using var net = LinearNet.Scaled(1);
        Expect(new GradientMonitorOptions { Every = 0 }, "Every: expected at least 1, got 0.");
        Expect(new GradientMonitorOptions { ExplodesAbove = 1 }, "ExplodesAbove: expected above 1, got 1.");
        Expect(new GradientMonitorOptions { VanishesBelow = 0 }, "VanishesBelow: expected above 0 and below 1, got 0.");
        Expect(new GradientMonitorOptions { ClipNorm = -1 }, "ClipNorm: expected above 0, or null for no clipping, got -1.");

        void Expect(GradientMonitorOptions options, string message) =>
            Assert.StartsWith(message, Assert.Throws<ArgumentOutOfRangeException>(() => new GradientMonitor(net, options)).Message, StringComparison.Ordinal);
    }

    private static void Backward(VanillaRnn net)
    {
        using var scope = NewDisposeScope();
        Gradient.Backward(net.call(LayerCase.Random(41, 3, 5)).Item1[40].sum());
    }
}
