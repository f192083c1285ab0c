using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Tests.Gradients;

/// <summary>
/// Hooks that act, of tensors and of time steps, against the same change made by autograd alone: f x + (1 - f) x.detach() is x,
/// and its gradient is f times that of x.
/// </summary>
public sealed class GradientChangeTests
{
    private const int T = 6;
    private const int B = 3;

    public static TheoryData<string> Nets() => [.. TestNets.Names];

    [Theory]
    [MemberData(nameof(Nets))]
    public void ScaledAndCutSteps_EqualAutogradByHand(string name)
    {
        foreach (var hidden in new[] { 5, 8 })
        {
            using var scope = NewDisposeScope();
            var module = TestNets.Make(name, new NetOptions(4, hidden));
            using var owner = (nn.Module)module;
            var (x, state) = (Random(T, B, 4), module.ZeroState(B).Map(part => Random(part.shape)));
            var (dOutput, dFinal) = (Random(T, B, hidden), module.ZeroState(B).Map(part => Random(part.shape)));
            double Factor(int t) => t == 2 ? 0 : 0.4 + (0.3 * t);
            var expected = Gradients(owner, x, state, (input, start) =>
            {
                var (cell, outputs) = (module.CellAt(0), new List<Tensor>());
                var at = start!.Map(part => part[0]);
                for (var t = 0; t < T; t++)
                {
                    at = cell.Step(input[t], at);
                    Tensor[] parts = [Scaled(at.Hidden, Factor(t)), .. at.Skip(1)];
                    outputs.Add(parts[0]);
                    at = new RecurrentState(parts);
                }

                return new RecurrentResult(stack(outputs, 0), at.Map(part => part.unsqueeze(0)));
            }, dOutput, dFinal);

            using var trace = GradientTrace.Attach(owner, step => step.IsCell ? null : step.Gradient * Factor(step.Step));
            foreach (var (path, run) in Paths(module))
            {
                Expect.Close(expected, run(() => Gradients(owner, x, state, module.Run, dOutput, dFinal)), 1e-12, $"{name} {path}");
                Assert.Equal(0, trace.Last![0].Hidden[2]); // what goes on
                Assert.True(trace.Last![0].Hidden[3] > 0);
            }
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    public void Lstm_ScaledCells_EqualEquationsByHand(int hidden)
    {
        using var scope = NewDisposeScope();
        using var lstm = new Lstm(4, hidden, dtype: ScalarType.Float64);
        var (x, state) = (Random(T, B, 4), lstm.ZeroState(B).Map(part => Random(part.shape)));
        var (dOutput, dFinal) = (Random(T, B, hidden), lstm.ZeroState(B).Map(part => Random(part.shape)));
        double Factor(int t, bool isCell) => isCell ? (t == 3 ? 0 : 0.5 + (0.2 * t)) : 1.2 - (0.1 * t);
        var expected = Gradients(lstm, x, state, (input, start) =>
        {
            Tensor Weight(string key) => lstm.get_parameter(key + "_l0")!;
            var (h, c, outputs) = (start!.Hidden[0], start.Cell[0], new List<Tensor>());
            for (var t = 0; t < T; t++)
            {
                var z = (input[t].mm(Weight("weight_ih").t()) + Weight("bias_ih") + h.mm(Weight("weight_hh").t()) + Weight("bias_hh")).chunk(4, 1);
                c = Scaled((z[1].sigmoid() * c) + (z[0].sigmoid() * z[2].tanh()), Factor(t, isCell: true));
                h = Scaled(z[3].sigmoid() * c.tanh(), Factor(t, isCell: false));
                outputs.Add(h);
            }

            return new RecurrentResult(stack(outputs, 0), new RecurrentState(h.unsqueeze(0), c.unsqueeze(0)));
        }, dOutput, dFinal);

        using var trace = GradientTrace.Attach(lstm, step => step.Gradient * Factor(step.Step, step.IsCell));
        foreach (var (path, run) in Paths(lstm))
        {
            Expect.Close(expected, run(() => Gradients(lstm, x, state, lstm.Run, dOutput, dFinal)), 1e-12, path);
            Assert.Equal(0, trace.Last![0].Cell![3]);
            Assert.True(trace.Last![0].Cell![4] > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void ClippedSteps_AreTheSameOnEveryPath(string name)
    {
        using var scope = NewDisposeScope();
        var module = TestNets.Make(name, new NetOptions(4, 7, 2) { Bidirectional = true });
        using var owner = (nn.Module)module;
        var lengths = tensor(new long[] { 4, 6, 1 });
        var (x, state) = (Random(T, B, 4), module.ZeroState(B).Map(part => Random(part.shape)));
        var (dOutput, dFinal) = (Random(T, B, 14), module.ZeroState(B).Map(part => Random(part.shape)));
        var seen = new List<(int, int, int, bool, string)>();
        using var trace = GradientTrace.Attach(owner, step =>
        {
            seen.Add((step.Layer, step.Direction, step.Step, step.IsCell, string.Join(",", step.Gradient.shape)));
            var norm = step.Gradient.norm().ToDouble();
            return norm > 0.5 ? step.Gradient * (0.5 / norm) : null;
        });
        foreach (var ragged in new[] { false, true })
        {
            Dictionary<string, Tensor>? expected = null;
            (int, int, int, bool, string)[]? order = null;
            foreach (var (path, run) in Paths(module))
            {
                seen.Clear();
                var gradients = run(() => Gradients(owner, x, state, (input, start) => ragged ? module.Run(input, lengths, start) : module.Run(input, start), dOutput, dFinal));
                Expect.Close(expected ??= gradients, gradients, 1e-12, $"{name} {path}");
                Assert.Equal(order ??= [.. seen.Order()], seen.Order());
                Assert.All(trace.Last!.Layers, layer => Assert.All(layer.Hidden, norm => Assert.True(norm <= 0.5 + 1e-12)));
                Assert.Contains(trace.Last!.Layers, layer => layer.Hidden.Any(norm => norm > 0.49));
            }

            Assert.Equal(T * 4 * module.StateSizes.Count, order!.Length);
            Assert.Contains(order, step => step.Item5 == (ragged ? "1,7" : "3,7"));
        }
    }

    [Fact]
    public void Steps_UnderCreateGraph_AreDifferentiatedAgainByAutograd_AndRefusedByHand()
    {
        using var scope = NewDisposeScope();
        using var gru = new Gru(3, 4, dtype: ScalarType.Float64) { Backward = BackwardPath.Autograd };
        var x = Random(5, 2, 3).requires_grad_();
        Tensor Loss() => grad([gru.call(x).Item1.square().sum()], [x], create_graph: true, retain_graph: true)[0].square().sum();

        var plain = grad([Loss()], [x])[0];
        using var trace = GradientTrace.Attach(gru, step => step.Gradient * 1);
        Expect.Close(plain, grad([Loss()], [x])[0], 1e-12, "second derivative through a hook that changes nothing");
        gru.Backward = BackwardPath.HandWritten;
        Assert.True(Loss().isnan().item<bool>());
        Assert.StartsWith("Gru: the backward pass failed: create_graph: expected no hook", Assert.Throws<BackwardFailedException>(gru.ThrowIfFailed).Message);
    }

    [Fact]
    public void Steps_WrongOrThrowing_AreReported_AndNothingLeaks()
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var lstm = new Lstm(3, 4) { Backward = path };
            using (GradientTrace.Attach(lstm, step => step.Gradient[0]))
            {
                var failure = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(lstm.call(randn(5, 2, 3)).Item1.sum()));
                Assert.Equal("gradient: expected shape [2, 4] from the hook, as it was given, got [4].", failure.InnerException!.Message);
            }

            using (GradientTrace.Attach(lstm, step => step.Gradient.to(ScalarType.Float64)))
            {
                var failure = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(lstm.call(randn(5, 2, 3)).Item1.sum()));
                Assert.StartsWith("gradient: expected Float32 on cpu from the hook, as it was given, got Float64", failure.InnerException!.Message);
            }

            using (GradientTrace.Attach(lstm, step => throw new InvalidOperationException("no")))
            {
                Assert.Equal("no", Assert.Throws<BackwardFailedException>(() => Gradient.Backward(lstm.call(randn(5, 2, 3)).Item1.sum())).InnerException!.Message);
            }

            var counts = new List<long>();
            using var trace = GradientTrace.Attach(lstm, step => step.Gradient + randn_like(step.Gradient));
            for (var pass = 0; pass < 4; pass++)
            {
                using (var inner = NewDisposeScope())
                {
                    Gradient.Backward(lstm.call(randn(5, 2, 3)).Item1.sum());
                }

                counts.Add(Tensor.TotalCount);
            }

            Assert.Equal(counts[1], counts[3]);
        }
    }

    [Fact]
    public void Tap_ScalesClipsAndReplaces()
    {
        using var scope = NewDisposeScope();
        var x = Random(3, 4).requires_grad_();
        Tensor Of(Func<Tensor, Tensor> change)
        {
            using var tap = new GradientTap(change);
            return grad([tap.call(x.tanh()).square().sum()], [x])[0];
        }

        var plain = grad([x.tanh().square().sum()], [x])[0];
        Expect.Close(plain * 0.5, Of(gradient => gradient * 0.5), 1e-15, "scaled");
        Expect.Close(zeros_like(x), Of(gradient => zeros_like(gradient)), 0, "cut");
        Expect.Close(x.tanh().mul(2).clamp(-0.1, 0.1) * (1 - x.tanh().square()), Of(gradient => gradient.clamp(-0.1, 0.1)), 1e-15, "clipped");
        using var wrong = new GradientTap(gradient => gradient.sum());
        Assert.Contains("expected shape [3, 4] from the hook", Assert.Throws<BackwardFailedException>(() => Gradient.Backward(wrong.call(x.tanh()).sum())).Message);
    }

    [Fact]
    public void RegisterHook_ActsAsInPyTorch()
    {
        using var scope = NewDisposeScope();
        var x = Random(3, 4).requires_grad_();
        var plain = grad([x.tanh().square().sum()], [x])[0];
        var h = x.tanh();
        var seen = new List<string>();
        var first = h.RegisterHook(gradient =>
        {
            seen.Add("first");
            return gradient * 3;
        });
        using var second = h.RegisterHook(gradient =>
        {
            seen.Add("second");
            return gradient + 1;
        });
        using var third = h.RegisterHook(_ => null);
        var loss = h.square().sum();
        var slope = 1 - x.tanh().square();
        Expect.Close((plain * 3) + slope, grad([loss], [x], retain_graph: true)[0], 1e-14, "in their order");
        Assert.Equal(["first", "second"], seen);
        first.Remove();
        Expect.Close(plain + slope, grad([loss], [x], retain_graph: true)[0], 1e-14, "removed, of the same graph");
        second.Dispose();
        Expect.Close(plain, grad([loss], [x])[0], 1e-14, "all removed");
        Expect.Close(x.tanh(), h, 0, "the value");

        var quiet = x.tanh();
        using (no_grad())
        {
            quiet.RegisterHook(gradient => gradient * 2);
        }

        Expect.Close(slope * 2, grad([quiet.sum()], [x])[0], 1e-14, "registered under no_grad");
        Assert.Contains("got a leaf", Assert.Throws<InvalidOperationException>(() => x.RegisterHook(gradient => gradient)).Message);
        Assert.Contains("needs a gradient", Assert.Throws<InvalidOperationException>(() => Random(2).RegisterHook(gradient => gradient)).Message);
        var failing = x.tanh();
        using var hook = failing.RegisterHook(_ => throw new InvalidOperationException("no"));
        Assert.Equal("no", Assert.Throws<BackwardFailedException>(() => Gradient.Backward(failing.sum())).InnerException!.Message);
    }

    [Fact]
    public void Hooks_ThatAreGone_ActNoMore_AndMayRegisterOthers()
    {
        using var scope = NewDisposeScope();
        var x = Random(5, 2, 3).requires_grad_();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var gru = new Gru(3, 4, dtype: ScalarType.Float64) { Backward = path };
            var expected = grad([gru.call(x).Item1.sum()], [x])[0];
            var trace = GradientTrace.Attach(gru, step => zeros_like(step.Gradient));
            var loss = gru.call(x).Item1.sum();
            trace.Dispose();
            Expect.Close(expected, grad([loss], [x])[0], 1e-12, $"detached after the forward pass, {path}");
        }

        var h = x.tanh();
        RemovableHandle? own = null;
        own = h.RegisterHook(gradient =>
        {
            own!.Remove();
            h.RegisterHook(later => later * 3);
            return gradient * 2;
        });
        var slope = 1 - x.tanh().square();
        var sum = h.sum();
        Expect.Close(slope * 2, grad([sum], [x], retain_graph: true)[0], 1e-14, "the hooks that were there");
        Expect.Close(slope * 3, grad([sum], [x])[0], 1e-14, "the hook that was registered");

        var failing = x.tanh();
        var handle = failing.RegisterHook(_ => throw new InvalidOperationException("no"));
        Assert.True(grad([failing.sum()], [x])[0].isnan().any().item<bool>());
        Assert.Equal("no", Assert.Throws<BackwardFailedException>(handle.ThrowIfFailed).InnerException!.Message);
        handle.ThrowIfFailed();
    }

    [Fact]
    public void RegisterHook_LeavesNothing()
    {
        using var scope = NewDisposeScope();
        var x = randn(3).requires_grad_();
        var counts = new List<long>();
        for (var pass = 0; pass < 4; pass++)
        {
            using (var inner = NewDisposeScope())
            {
                var h = x.exp();
                using var hook = h.RegisterHook(gradient => gradient * 2);
                h.sum().backward();
            }

            counts.Add(Tensor.TotalCount);
        }

        Assert.Equal(counts[1], counts[3]);
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private static Tensor Scaled(Tensor x, double factor) => (x * factor) + (x.detach() * (1 - factor));

    private static IEnumerable<(string Path, Func<Func<Dictionary<string, Tensor>>, Dictionary<string, Tensor>> Run)> Paths(IRecurrentModule module)
    {
        yield return ("autograd", run => On(BackwardPath.Autograd, equationsOnly: false, run));
        yield return ("by hand", run => On(BackwardPath.HandWritten, equationsOnly: false, run));
        yield return ("equations", run => On(BackwardPath.HandWritten, equationsOnly: true, run));

        Dictionary<string, Tensor> On(BackwardPath path, bool equationsOnly, Func<Dictionary<string, Tensor>> run)
        {
            module.Backward = path;
            module.HandWritten!.EquationsOnly = equationsOnly;
            return run();
        }
    }

    private static Dictionary<string, Tensor> Gradients(nn.Module net, Tensor input, RecurrentState start, Func<Tensor, RecurrentState?, RecurrentResult> run, Tensor dOutput, RecurrentState dFinal)
    {
        net.zero_grad();
        var (x, state) = (input.clone().requires_grad_(), start.Map(part => part.clone().requires_grad_()));
        var (output, final) = run(x, state);
        var loss = output.mul(dOutput).sum();
        for (var part = 0; part < final.Count; part++)
        {
            loss = loss.add(final[part].mul(dFinal[part]).sum());
        }

        Gradient.Backward(loss);
        var gradients = net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        gradients["input"] = x.grad!;
        foreach (var (part, name) in state.Zip(["h0", "c0"]))
        {
            gradients[name] = part.grad!;
        }

        return gradients;
    }
}
