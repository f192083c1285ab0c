using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Recurrent dropout and zoneout: by hand against autograd with the same draws, and against loops written out.</summary>
public sealed class StateNoiseTests
{
    private const int T = 6;
    private const int B = 3;

    public static TheoryData<string> Nets() => [.. TestNets.Names];

    [Theory]
    [MemberData(nameof(Nets))]
    public void ByHand_EqualsAutograd(string name)
    {
        using var scope = NewDisposeScope();
        var module = TestNets.Make(name, new NetOptions(4, 7, 2) { Bidirectional = true });
        using var owner = (nn.Module)module;
        Set(module, zoneout: 0.3, cellZoneout: 0.5, dropout: HasProduct(module) ? 0.4 : 0);
        var lengths = tensor(new long[] { 6, 2, 5 });
        var (x, start) = (Random(T, B, 4), module.ZeroState(B).Map(part => Random(part.shape)));
        var (dOutput, dFinal) = (Random(T, B, 14), module.ZeroState(B).Map(part => Random(part.shape)));
        using var trace = GradientTrace.Attach(owner, new GradientTraceOptions { WeightShares = true });
        foreach (var training in new[] { true, false })
        {
            owner.train(training);
            foreach (var ragged in new[] { false, true })
            {
                module.Backward = BackwardPath.Autograd;
                var expected = Run();
                var norms = trace.Last!;
                module.Backward = BackwardPath.HandWritten;
                Expect.Close(expected, Run(), 1e-12, $"{name}, training: {training}, several lengths: {ragged}");
                Assert.All(norms.Layers.Zip(trace.Last!.Layers), pair =>
                {
                    Close(pair.First.Hidden, pair.Second.Hidden);
                    Close(pair.First.HiddenFromFuture, pair.Second.HiddenFromFuture);
                    Close(pair.First.Cell ?? [], pair.Second.Cell ?? []);
                    Close(pair.First.CellFromFuture ?? [], pair.Second.CellFromFuture ?? []);
                    Close(pair.First.WeightShares ?? [], pair.Second.WeightShares ?? []);
                });

                Dictionary<string, Tensor> Run()
                {
                    manual_seed(7);
                    owner.zero_grad();
                    var (input, state) = (x.clone().requires_grad_(), start.Map(part => part.clone().requires_grad_()));
                    var (output, final) = ragged ? module.Run(input, lengths, state) : module.Run(input, state);
                    var loss = output.mul(dOutput).sum();
                    for (var part = 0; part < final.Count; part++)
                    {
                        loss = loss.add(final[part].mul(dFinal[part]).sum());
                    }

                    Gradient.Backward(loss);
                    var results = owner.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
                    results["output"] = output;
                    results["input"] = input.grad!;
                    results["h0"] = state.Hidden.grad!;
                    return results;
                }
            }
        }

        static void Close(IReadOnlyList<double> expected, IReadOnlyList<double> actual) =>
            Assert.All(expected.Zip(actual), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-11 * Math.Max(1, pair.First), $"{pair.First} and {pair.Second}"));
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void Evaluation_IsTheMeanOfOldAndNew_AsWrittenOut(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var lstm = new Lstm(4, 5, dtype: ScalarType.Float64) { Backward = path, Zoneout = 0.2, CellZoneout = 0.6, RecurrentDropout = 0.5 };
        lstm.eval();
        var x = Random(T, B, 4);
        Tensor Weight(string key) => lstm.get_parameter(key + "_l0")!;
        var (h, c) = (zeros(B, 5, dtype: ScalarType.Float64), zeros(B, 5, dtype: ScalarType.Float64));
        for (var t = 0; t < T; t++)
        {
            var z = (x[t].mm(Weight("weight_ih").t()) + Weight("bias_ih") + h.mm(Weight("weight_hh").t()) + Weight("bias_hh")).chunk(4, 1);
            var made = (z[1].sigmoid() * c) + (z[0].sigmoid() * z[2].tanh());
            h = (0.2 * h) + (0.8 * z[3].sigmoid() * made.tanh());
            c = (0.6 * c) + (0.4 * made);
        }

        var (_, hN, cN) = lstm.call(x);
        Expect.Close(h, hN[0], 1e-14, "h");
        Expect.Close(c, cN[0], 1e-14, "c");
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void Training_DrawsOneMaskForAllSteps_AndKeepsWholeValues(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        manual_seed(5);
        using var linear = new VanillaRnn(1, 400, 1, Activation.Linear, bias: false, dtype: ScalarType.Float64) { Backward = path, RecurrentDropout = 0.25 };
        linear.get_parameter("weight_hh_l0")!.copy_(eye(400));
        var (output, _) = linear.call(zeros(3, 1, 1, dtype: ScalarType.Float64), ones(1, 1, 400, dtype: ScalarType.Float64)); // h_t = m^t
        Expect.Close(output[0].pow(3), output[2], 1e-14, "the same mask at every step");
        Assert.All(output[0].data<double>().ToArray(), m => Assert.True(m is 0 || Math.Abs(m - (4.0 / 3)) < 1e-15));
        Assert.InRange(output[0].eq(0).to(ScalarType.Float64).mean().item<double>(), 0.17, 0.33);

        using var gru = new Gru(2, 300, dtype: ScalarType.Float64) { Backward = path, Zoneout = 0.3 };
        var h = gru.call(Random(9, 4, 2)).Item1;
        var kept = h.narrow(0, 1, 8).eq(h.narrow(0, 0, 8)).to(ScalarType.Float64); // exactly the value before
        Assert.InRange(kept.mean().item<double>(), 0.27, 0.33);
        Assert.True(kept.sum(dim: 0).max().item<double>() < 8, "drawn anew at each step");
        gru.Zoneout = 1;
        var start = Random(1, 4, 300);
        Expect.Close(start, gru.call(Random(9, 4, 2), start).Item2, 0, "all kept");
    }

    [Fact]
    public void Options_AreChecked_Cloned_AndKeepOtherPathsOut()
    {
        using var scope = NewDisposeScope();
        using var lstm = new Lstm(3, 4) { Zoneout = 0.1, CellZoneout = 0.5, RecurrentDropout = 0.2 };
        using var copy = lstm.Clone();
        Assert.Equal((0.1, 0.5, 0.2), (copy.Zoneout, copy.CellZoneout, copy.RecurrentDropout));
        Assert.Equal(BackwardPath.HandWritten, lstm.EffectiveBackward);
        Expect.Message<NotSupportedException>("Backward: expected Auto, Autograd or HandWritten while Lstm has recurrent dropout or zoneout, got Native, which has neither.", () => lstm.Backward = BackwardPath.Native);
        using var native = new Lstm(3, 4) { Backward = BackwardPath.Native };
        Expect.Message<NotSupportedException>("Zoneout: expected 0 while Backward is Native, which has none, got 0.5; set Backward to Auto first.", () => native.Zoneout = 0.5);
        using var minGru = new MinGru(3, 4);
        Expect.Message<NotSupportedException>("RecurrentDropout: expected 0, got 0.5, for MinGru has no product of this library with h_(t-1); use Zoneout, or dropout between layers.", () => minGru.RecurrentDropout = 0.5);
        Expect.Message<NotSupportedException>("CellZoneout: expected 0, got 0.5, for no part of the state of MinGru is c alone; use Zoneout.", () => minGru.CellZoneout = 0.5);
        Expect.Message<ArgumentException>("Zoneout: expected a probability from 0 to 1, got 1.5.", () => minGru.Zoneout = 1.5);
        Assert.StartsWith("module: expected a net whose step is its cell's", Assert.Throws<NotSupportedException>(() => JacobianTrajectory.Of(lstm, randn(5, 1, 3))).Message);
    }

    [Fact]
    public void NothingLeaks()
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var lstm = new Lstm(3, 4, numLayers: 2, bidirectional: true) { Backward = path, Zoneout = 0.1, CellZoneout = 0.5, RecurrentDropout = 0.2 };
            var counts = new List<long>();
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

    private static bool HasProduct(IRecurrentModule module) => module.CellAt(0) is EquationCell { HasHiddenWeight: true };

    private static void Set(IRecurrentModule module, double zoneout, double cellZoneout, double dropout)
    {
        if (module is CellStateModule two)
        {
            (two.Zoneout, two.CellZoneout, two.RecurrentDropout) = (zoneout, two.StateSizes[1] == two.HiddenSize ? cellZoneout : 0, dropout);
        }
        else if (module is HiddenStateModule one)
        {
            (one.Zoneout, one.RecurrentDropout) = (zoneout, dropout);
        }
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
