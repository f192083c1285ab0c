using System.Diagnostics;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>What the kernels share with the whole process: native memory and threads. So nothing may run beside these tests.</summary>
public sealed class KernelProcessTests
{
    private const int Runs = 100;

    [Theory]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    [InlineData("RNN")]
    public void GraphDroppedWithoutBackward_LeavesNothing(string name)
    {
        using var net = new NetCase(name, I: 7, H: 130).Ours(BackwardPath.HandWritten, ScalarType.Float32);
        Forward(); // what the pools keep, they keep from here on
        using var process = Process.GetCurrentProcess();
        var (tensors, memory) = (Expect.LiveTensors, Memory());
        for (var run = 0; run < Runs; run++)
        {
            Forward();
        }

        Assert.Equal(tensors, Expect.LiveTensors);
        Assert.InRange(Memory() - memory, long.MinValue, 100 << 20); // the outputs alone of all runs are 200 MiB

        void Forward()
        {
            using var scope = NewDisposeScope();
            Assert.True(net.Run(randn(101, 37, 7), [])[0].requires_grad);
        }

        long Memory()
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    [Fact]
    public void TrainingSteps_LeaveNothing()
    {
        using var net = new Lstm(5, 11, numLayers: 2, bidirectional: true);
        var before = 0L;
        for (var step = 0; step < 5; step++)
        {
            using (var scope = NewDisposeScope())
            {
                Gradient.Backward(net.call(randn(7, 3, 5)).Item1.square().sum());
            }

            var now = Expect.LiveTensors;
            before = step == 0 ? now : before;
            Assert.Equal(before, now);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void SameThreads_GiveTheSameBits_AndOtherCountsTheSameNumbers(int threads)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase("LSTM", Layers: 2, Bidirectional: true, H: 33), ScalarType.Float32);
        var first = WithThreads(threads, pair.HandWritten);
        var second = WithThreads(threads, pair.HandWritten);
        var single = WithThreads(1, pair.HandWritten);
        Expect.Close(first.Gradients, second.Gradients, 0, "gradients");
        Assert.All(first.Outputs.Zip(second.Outputs), item => Expect.Close(item.First, item.Second, 0, "outputs"));
        Expect.Close(single.Gradients, first.Gradients, 2e-5, "one thread");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TwoModelsAtTheSameTime_GiveTheNumbersOfOneAfterTheOther(int threads)
    {
        int[] seeds = [3, 5];
        var expected = Array.ConvertAll(seeds, Train);
        var actual = new double[2][];
        Thread[] workers = [.. seeds.Select((seed, index) => new Thread(() => actual[index] = Train(seed)))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        Assert.Equal(expected[0], actual[0]);
        Assert.Equal(expected[1], actual[1]);
        Assert.NotEqual(expected[0], expected[1]);

        double[] Train(int seed) => WithThreads(threads, () =>
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)seed);
            using var net = new Gru(5, 33);
            foreach (var parameter in net.parameters())
            {
                using var noTape = no_grad();
                parameter.copy_(randn(parameter.shape, generator: generator).mul(0.2));
            }

            return Enumerable.Range(0, 30).Select(_ => Step(net, generator)).ToArray();
        });
    }

    private static double Step(Gru net, Generator generator)
    {
        using var scope = NewDisposeScope();
        net.zero_grad();
        var loss = net.call(randn([13, 7, 5], generator: generator)).Item1.square().mean();
        Gradient.Backward(loss);
        using var noTape = no_grad();
        foreach (var parameter in net.parameters())
        {
            parameter.sub_(parameter.grad!.mul(0.1));
        }

        return loss.item<float>();
    }

    private static TResult WithThreads<TResult>(int threads, Func<TResult> run)
    {
        var former = get_num_threads();
        set_num_threads(threads);
        try
        {
            return run();
        }
        finally
        {
            set_num_threads(former);
        }
    }
}
