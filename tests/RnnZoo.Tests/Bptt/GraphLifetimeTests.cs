using System.Diagnostics;
using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>
/// How long a graph lives: every net on every path, libtorch's own modules (the native path) among them, behaves as nn.LSTM.
/// </summary>
public sealed class GraphLifetimeTests
{
    private const string SecondTime = "Trying to backward through the graph a second time";

    public static TheoryData<string, BackwardPath, long, bool> Nets()
    {
        var data = new TheoryData<string, BackwardPath, long, bool>();
        foreach (var cell in SequenceModel.Names)
        {
            using var net = Make(cell, BackwardPath.Auto, layers: 1, bidirectional: false);
            foreach (var path in Enum.GetValues<BackwardPath>().Where(path => path != BackwardPath.Auto && Recurrent(net).Supports(path)))
            {
                data.Add(cell, path, 1, false);
                data.Add(cell, path, 2, true);
            }
        }

        return data;
    }

    /// <summary>Without libtorch's own modules, which differ in whether they read their output again.</summary>
    public static IEnumerable<object[]> NetsOfOurs() => Nets().Where(net => (BackwardPath)net[1] != BackwardPath.Native);

    [Theory]
    [MemberData(nameof(Nets))]
    public void SecondBackward_IsRefused_AndWritesNothing(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        Func<RecurrentResult, Tensor>[] losses = [Output, Hidden, run => run.State[^1].sum(), run => Output(run).add(Hidden(run))];
        foreach (var first in losses)
        {
            foreach (var second in losses)
            {
                using var scope = NewDisposeScope();
                using var net = Make(cell, path, layers, bidirectional);
                var x = Random(7, 3, 5).requires_grad_();
                var run = Recurrent(net).Run(x);
                var (one, other) = (first(run), second(run));
                one.backward();
                var before = Gradients(net, x);
                Assert.StartsWith(SecondTime, Assert.Throws<ExternalException>(() => other.backward()).Message, StringComparison.Ordinal);
                Assert.StartsWith(SecondTime, Assert.Throws<ExternalException>(() => other.backward()).Message, StringComparison.Ordinal);
                Expect.Close(before, Gradients(net, x), 0, $"{cell} {path}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void RetainedGraph_GivesTheSameAgain_UntilItIsSpent(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        using var net = Make(cell, path, layers, bidirectional);
        var x = Random(7, 3, 5).requires_grad_();
        var run = Recurrent(net).Run(x);
        var loss = run.Output.square().sum().add(run.State[^1].sum());
        loss.backward(null, retain_graph: true);
        var once = Gradients(net, x);
        loss.backward(null, retain_graph: true);
        loss.backward();
        Expect.Close(once.ToDictionary(item => item.Key, item => item.Value.mul(3)), Gradients(net, x), 1e-14, "three times");
        Assert.Throws<ExternalException>(() => loss.backward());
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void StateCarriedWithoutDetach_IsRefusedAtTheSecondChunk(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        using var net = Make(cell, path, layers, bidirectional);
        var x = Random(7, 3, 5).requires_grad_();
        var first = Recurrent(net).Run(x);
        first.Output.square().sum().backward();
        var before = Gradients(net, x);
        var loss = Recurrent(net).Run(Random(7, 3, 5), first.State).Output.square().sum();
        Assert.StartsWith(SecondTime, Assert.Throws<ExternalException>(() => loss.backward()).Message, StringComparison.Ordinal);
        Expect.Close(before, Gradients(net, x), 0, "gradients");

        var again = Recurrent(net).Run(Random(7, 3, 5), first.State).Output.square().sum();
        Assert.Contains("state.Detach()", Assert.Throws<InvalidOperationException>(() => Gradient.Backward(again)).Message, StringComparison.Ordinal);
        Gradient.Backward(Recurrent(net).Run(Random(7, 3, 5), first.State.Detach()).Output.square().sum());
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void GradientOfOneArgument_SpendsTheGraphToo(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        using var net = Make(cell, path, layers, bidirectional);
        var x = Random(7, 3, 5).requires_grad_();
        var run = Recurrent(net).Run(x);
        var gradient = autograd.grad([run.State.Hidden.sum()], [x])[0];
        Assert.True(gradient.abs().max().item<double>() > 0);
        Assert.StartsWith(SecondTime, Assert.Throws<ExternalException>(() => run.Output.sum().backward()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(NetsOfOurs))]
    public void OutputChangedInPlace_GivesTheGradientOfTheChange(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        using var net = Make(cell, path, layers, bidirectional);
        var x = Random(7, 3, 5);
        Dictionary<string, Tensor> expected = OfLoss(output => output.relu()), actual = OfLoss(output => output.relu_());
        Expect.Close(expected, actual, 1e-14, $"{cell} {path}");

        Dictionary<string, Tensor> OfLoss(Func<Tensor, Tensor> change)
        {
            net.zero_grad();
            var leaf = x.clone().requires_grad_();
            change(Recurrent(net).Run(leaf).Output).square().sum().backward();
            return Gradients(net, leaf);
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Counters_AreTheSameAfterAnyNumberOfSteps(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        using var net = Make(cell, path, layers, bidirectional);
        var (counts, statistics) = (0L, 0L);
        for (var step = 1; step <= (layers == 1 && path == BackwardPath.HandWritten ? 2_000 : 100); step++)
        {
            using (NewDisposeScope())
            {
                var run = Recurrent(net).Run(Random(2, 1, 5));
                (step % 3 == 0 ? run.State[^1].sum() : run.Output.sum()).backward();
            }

            if (step == 20)
            {
                (counts, statistics) = Counts();
            }
        }

        Assert.Equal((counts, statistics), Counts());

        static (long, long) Counts()
        {
            GC.Collect(); // what other tests left behind counts until it is finalised
            GC.WaitForPendingFinalizers();
            return (Tensor.TotalCount, Expect.LiveTensors);
        }
    }

    [SkippableTheory]
    [InlineData("lstm", BackwardPath.HandWritten, 1)]
    [InlineData("lstm", BackwardPath.HandWritten, 2)]
    [InlineData("gru", BackwardPath.HandWritten, 1)]
    [InlineData("mingru", BackwardPath.HandWritten, 1)]
    [InlineData("layernorm-lstm", BackwardPath.HandWritten, 1)]
    [InlineData("lstm", BackwardPath.Native, 1)]
    public void KeptLosses_KeepNoTapes(string cell, BackwardPath path, int runsPerLoss)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "what is free goes back to the system on demand with glibc alone");
        const int Losses = 30;
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create(cell, 64, 128, 2);
        model.Recurrent.Backward = path;
        var x = randn(100, 16, 64);
        var kept = new List<Tensor>();
        Run(5);
        using var process = Process.GetCurrentProcess();
        var before = Memory();
        Run(Losses);
        Assert.Equal(Losses + 5, kept.Count);
        Assert.InRange(Memory() - before, long.MinValue, 40 << 20); // tapes would be 120 MiB and more

        void Run(int count)
        {
            for (var step = 0; step < count; step++)
            {
                using var stepScope = NewDisposeScope();
                var loss = Enumerable.Range(0, runsPerLoss).Select(_ => model.Recurrent.Run(x).Output.square().sum()).Aggregate((a, b) => a.add(b));
                model.Recurrent.Run(x); // a graph that no backward pass comes to
                loss.backward();
                kept.Add(loss.MoveToOuterDisposeScope());
            }
        }

        long Memory()
        {
            _ = malloc_trim(0); // else what a kept loss stands in the way of counts too
            process.Refresh();
            return process.WorkingSet64;
        }

        [DllImport("libc")]
        static extern int malloc_trim(nint pad);
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("mingru")]
    [InlineData("vanilla")]
    public void RetainedGraph_WhoseMemoryAnotherPassTook_GivesTheSameAgain(string cell)
    {
        using var scope = NewDisposeScope();
        using var net = Make(cell, BackwardPath.HandWritten, layers: 2, bidirectional: true);
        var x = Random(7, 3, 5).requires_grad_();
        var loss = Recurrent(net).Run(x).Output.square().sum();
        loss.backward(null, retain_graph: true);
        var once = Gradients(net, x);
        var other = Recurrent(net).Run(Random(7, 3, 5).requires_grad_()).Output.sum(); // takes the memory that came back
        net.zero_grad();
        x.grad!.zero_();
        loss.backward(null, retain_graph: true);
        Expect.Close(once, Gradients(net, x), 0, "again");
        other.backward();
        net.zero_grad();
        x.grad!.zero_();
        loss.backward();
        Expect.Close(once, Gradients(net, x), 0, "and again");
    }

    [Fact]
    public void UndefinedGradient_OfAFunctionThatReturnsNone_CountsAsNone()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        using var tap = new GradientTap(_ => throw new InvalidOperationException("nothing reaches it"));
        var w = ones(1).requires_grad_();
        Tensor[] values;
        using (NewDisposeScope()) // ends before the backward pass
        {
            var (output, state) = net.Run(randn(3, 2, 5));
            values = [Forgetting.apply(output), Forgetting.apply(state.Hidden), Forgetting.apply(tap.call(w.mul(2)))];
            Array.ForEach(values, value => value.MoveToOuterDisposeScope());
        }

        values.Select(value => value.sum()).Aggregate(w.sum(), (a, b) => a.add(b)).backward();
        Assert.Equal(1, w.grad!.item<float>());
        Assert.All(net.parameters(), parameter => Assert.True(parameter.grad is null || parameter.grad.abs().max().item<float>() == 0));
    }

    [Fact]
    public void BackwardAfterTheModuleIsDisposed_LeavesNothing()
    {
        using var scope = NewDisposeScope();
        var net = new Lstm(5, 11);
        var x = randn(7, 3, 5).requires_grad_();
        var loss = net.call(x).Item1.sum();
        net.Dispose();
        var before = Expect.LiveTensors;
        loss.backward();
        Assert.NotNull(x.grad); // a new wrapper, and nothing else
        Assert.InRange(Expect.LiveTensors - before, 0, 10);
        GC.KeepAlive(loss);
    }

    // Passes values, and says of the gradient that there is none.
    private sealed class Forgetting : autograd.SingleTensorFunction<Forgetting>
    {
        public override string Name => nameof(Forgetting);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [null!];
    }

    private static Tensor Output(RecurrentResult run) => run.Output.sum();

    private static Tensor Hidden(RecurrentResult run) => run.State.Hidden.sum();

    private static nn.Module Make(string cell, BackwardPath path, long layers, bool bidirectional)
    {
        var model = SequenceModel.Create(cell, 5, 11, 2, layers, bidirectional: bidirectional, dtype: ScalarType.Float64);
        model.Recurrent.Backward = path;
        return (nn.Module)model.Recurrent;
    }

    private static IRecurrentModule Recurrent(nn.Module net) => (IRecurrentModule)net;

    private static Dictionary<string, Tensor> Gradients(nn.Module net, Tensor? x)
    {
        var all = net.named_parameters().Where(item => item.Item2.grad is not null).ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        if (x is not null)
        {
            all["input"] = x.grad!.clone();
        }

        return all;
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
