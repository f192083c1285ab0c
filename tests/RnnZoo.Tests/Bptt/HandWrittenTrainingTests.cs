using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The hand-written path under dropout, optimizers and clipping, and its memory.</summary>
public sealed class HandWrittenTrainingTests
{
    [Fact]
    public void Training_WithReadoutClippingAndDropout_FollowsAutograd()
    {
        var expected = Train(BackwardPath.Autograd);
        var actual = Train(BackwardPath.HandWritten);
        Assert.True(expected[^1] < 0.9 * expected[0]);
        for (var step = 0; step < expected.Length; step++)
        {
            Assert.Equal(expected[step], actual[step], 1e-9);
        }
    }

    [Fact]
    public void Passes_LeakNothing()
    {
        using var net = new Lstm(5, 11, numLayers: 2, bidirectional: true) { Backward = BackwardPath.HandWritten };
        var x = randn(7, 3, 5);
        Step();
        var before = Expect.LiveTensors;
        for (var step = 0; step < 5; step++)
        {
            Step();
        }

        Assert.Equal(before, Expect.LiveTensors);
        x.Dispose();

        void Step()
        {
            using var scope = NewDisposeScope();
            var (output, h, _) = net.call(x);
            Gradient.Backward(output.square().sum().add(h.sum()));
        }
    }

    [Fact]
    public void Forward_LeavesOnlyItsResults()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, numLayers: 2, bidirectional: true) { Backward = BackwardPath.HandWritten };
        var x = randn(7, 3, 5);
        var before = Expect.LiveTensors;
        net.call(x);
        Assert.Equal(before + 3 + 8, Expect.LiveTensors); // and an empty tensor for each of the two outputs of four nodes
    }

    private static double[] Train(BackwardPath path)
    {
        random.manual_seed(11);
        using var scope = NewDisposeScope();
        using var net = new Lstm(3, 7, numLayers: 2, dropout: 0.25, batchFirst: true, dtype: ScalarType.Float64) { Backward = path };
        using var readout = nn.Linear(7, 1, dtype: ScalarType.Float64);
        using var optimizer = optim.Adam([.. net.parameters(), .. readout.parameters()], 0.03);
        var x = randn(13, 5, 3, dtype: ScalarType.Float64);
        var y = x.sum(new long[] { 1, 2 }).unsqueeze(1).tanh();
        var losses = new double[25];
        for (var step = 0; step < losses.Length; step++)
        {
            using var inner = NewDisposeScope();
            optimizer.zero_grad();
            var (_, h, _) = net.call(x);
            var loss = readout.call(h[1]).sub(y).square().mean();
            Gradient.Backward(loss);
            nn.utils.clip_grad_norm_(net.parameters(), 0.5);
            optimizer.step();
            losses[step] = loss.item<double>();
        }

        return losses;
    }
}
