using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>A net one step at a time. The witness is the net itself over the whole sequence, by its kernels or on autograd.</summary>
public sealed class StepperTests
{
    public static TheoryData<string> Nets() => new(TestNets.Names);

    public static TheoryData<string, int> NetsAndWidths()
    {
        var cases = new TheoryData<string, int>();
        foreach (var name in TestNets.Names)
        {
            foreach (var width in Enum.GetValues<VectorWidth>())
            {
                cases.Add(name, (int)width);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(NetsAndWidths))]
    public void Steps_InDouble_EqualTheWholeSequence_AtEverySizeAndWidth(string name, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        foreach (var (batch, inputs, hidden, layers, bias) in new[] { (1, 1, 1, 1, true), (1, 5, 11, 2, true), (3, 7, 13, 1, false), (2, 3, 64, 2, true), (7, 17, 139, 1, true) })
        {
            var net = TestNets.Make(name, new NetOptions(inputs, hidden, layers) { Bias = bias });
            using var owner = (nn.Module)net;
            Shake(net);
            owner.eval();
            var x = randn(9, batch, inputs, dtype: ScalarType.Float64); // [T, B, I]
            var steps = new StepNet<double>(net, model: null, batch, (VectorWidth)width);
            foreach (var path in new[] { BackwardPath.Auto, BackwardPath.Autograd })
            {
                net.Backward = path;
                using var noTape = no_grad();
                var (output, final) = net.Run(x);
                steps.Restore(net.ZeroState(batch));
                Expect.Close(output, Run(steps, x), 1e-11, $"{name} {batch}x{inputs}x{hidden}, {path}");
                foreach (var (want, got) in final.Zip(steps.Save()))
                {
                    Expect.Close(want, got, 1e-11, $"{name} state, {path}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Steps_EqualTheModule_AlsoFromItsState_AndItGoesOnFromTheirs(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var net = TestNets.Make(name, new NetOptions(5, 23, 2) { DType = ScalarType.Float32 });
        using var owner = (nn.Module)net;
        using var noTape = no_grad();
        var x = randn(30, 3, 5); // [T, B, I]
        var (output, final) = net.Run(x);
        var stepper = net.Stepper(batch: 3);
        stepper.Restore(net.Run(x.narrow(0, 0, 10)).State);
        var steps = Enumerable.Range(10, 10).Select(t => stepper.Step(x[t])).ToArray();
        var (rest, end) = net.Run(x.narrow(0, 20, 10), stepper.Save());

        Expect.Close(output.narrow(0, 10, 20), cat([stack(steps), rest]), 1e-5, name);
        foreach (var (want, got) in final.Zip(end))
        {
            Expect.Close(want, got, 1e-5, name + " state");
        }
    }

    [Theory]
    [InlineData(InputEncoding.OneHot)]
    [InlineData(InputEncoding.Embedding)]
    [InlineData(InputEncoding.Features)]
    public void Steps_OfAModel_GiveItsReadout(InputEncoding encoding)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        foreach (var name in RecurrentNets.Names)
        {
            using var model = SequenceModel.Create(name, 13, 19, 6, numLayers: 2, encoding, embeddingSize: 4);
            model.eval();
            using var noTape = no_grad();
            var tokens = randint(0, 13, new long[] { 8, 2 }, dtype: ScalarType.Int64); // [T, B]
            var input = encoding == InputEncoding.Features ? randn(8, 2, 13) : tokens;
            var stepper = model.Stepper(batch: 2);

            Expect.Close(model.call(input).Output, stack([.. input.unbind(0).Select(stepper.Step)]), 1e-5, $"{name}, {encoding}");
            Assert.Equal(6, stepper.OutputSize);
        }
    }

    [Fact]
    public void Steps_WithZoneout_AreTheMeanOfEvaluation_AndNeverDrop()
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        using var net = new Lstm(5, 7, numLayers: 2, dropout: 0.5) { Zoneout = 0.3, CellZoneout = 0.6, RecurrentDropout = 0.4 };
        var stepper = net.Stepper(2); // the net is in training mode
        net.eval();
        using var noTape = no_grad();
        var x = randn(6, 2, 5); // [T, B, I]

        Expect.Close(net.call(x).Item1, stack([.. x.unbind(0).Select(stepper.Step)]), 1e-5, "zoneout");
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Step_AllocatesNothing_AndMakesNoTensor(string name)
    {
        using var owner = (nn.Module)TestNets.Make(name, new NetOptions(5, 70, 2) { DType = ScalarType.Float32 });
        foreach (var batch in new[] { 1, 4 })
        {
            var stepper = ((IRecurrentModule)owner).Stepper(batch);
            var x = new float[batch * 5];
            stepper.Step(x);
            var tensors = Expect.LiveTensors;
            var bytes = new long[5]; // a collection that another thread asks for adds the rest of this thread's block, once; a step that allocates does in each
            for (var round = 0; round < bytes.Length; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var step = 0; step < 100; step++)
                {
                    stepper.Step(x);
                }

                bytes[round] = GC.GetAllocatedBytesForCurrentThread() - before;
            }

            Assert.Contains(0, bytes);
            Assert.Equal(tensors, Expect.LiveTensors);
        }
    }

    [Fact]
    public void Stepper_MadeSavedAndRefreshed_LeavesNoTensorAlive()
    {
        using var model = SequenceModel.Create("orthogonal", 11, 8, 11, encoding: InputEncoding.Embedding);
        var counts = new List<long>();
        for (var round = 0; round < 3; round++)
        {
            var stepper = model.Stepper();
            stepper.Step([3]);
            using (var state = stepper.Save())
            {
                stepper.Restore(state);
            }

            stepper.Refresh();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            counts.Add(Expect.LiveTensors);
        }

        Assert.Equal(counts[0], counts[2]);
    }

    [Fact]
    public void RowsOfABatch_AreTheSameNumbersAsAlone_AndAreResetAlone()
    {
        using var scope = NewDisposeScope();
        manual_seed(13);
        using var net = new Gru(5, 21);
        var together = net.Stepper(batch: 3);
        Stepper[] alone = [net.Stepper(), net.Stepper(), net.Stepper()];
        for (var t = 0; t < 12; t++)
        {
            var x = randn(3, 5).data<float>().ToArray();
            if (t == 6)
            {
                together.Reset(1);
                alone[1].Reset();
            }

            var y = together.Step(x).ToArray();
            Assert.Equal(y, alone.SelectMany((stepper, row) => stepper.Step(x.AsSpan(row * 5, 5)).ToArray()));
        }
    }

    [Fact]
    public void Refresh_ReadsChangedWeights_AndKeepsTheState()
    {
        using var scope = NewDisposeScope();
        manual_seed(17);
        using var model = SequenceModel.Create("lstm", 5, 9, 4);
        using var noTape = no_grad();
        var x = randn(4, 1, 5); // [T, B, I]
        var stepper = model.Stepper();
        var state = model.call(x.narrow(0, 0, 2)).State;
        stepper.Step(x[0]);
        stepper.Step(x[1]);
        foreach (var parameter in model.parameters())
        {
            parameter.mul_(1.5);
        }

        var (stale, other) = (stepper.Step(x[2]), model.Stepper());
        stepper.Restore(state);
        stepper.Refresh();
        other.Restore(state);

        Expect.Close(model.call(x.narrow(0, 2, 1), state).Output[0], stepper.Step(x[2]), 1e-5, "refreshed");
        Assert.True(stale.sub(other.Step(x[2])).abs().max().item<float>() > 1e-2); // before, the old weights were at work
    }

    [Fact]
    public void SteppersOfOneNet_OnSeveralThreads_GiveTheSameNumbers()
    {
        using var model = SequenceModel.Create("lstm", 13, 33, 13, encoding: InputEncoding.OneHot);
        var texts = new float[8][];
        Parallel.For(0, texts.Length, thread =>
        {
            var stepper = model.Stepper();
            for (var t = 0; t < 500; t++)
            {
                texts[thread] = stepper.Step([t % 13]).ToArray();
            }
        });

        Assert.All(texts, text => Assert.Equal(texts[0], text));
    }

    [Fact]
    public void NumbersThatAreNone_GoTheirWay_InTheirRowAlone()
    {
        using var net = new VanillaRnn(2, 3, nonLinearity: nn.NonLinearities.ReLU);
        var stepper = net.Stepper(batch: 2);
        var y = stepper.Step([float.NaN, 1, 1, 1]).ToArray();

        Assert.All(y[..3], value => Assert.Equal(float.NaN, value));
        Assert.All(y[3..], value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void WrongInput_IsNamed_AndLeavesTheState()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(3, 4);
        var stepper = net.Stepper(batch: 2);
        stepper.Step([1f, 2, 3, 4, 5, 6]);
        using var before = stepper.Save();
        Expect.Message<ArgumentException>("x: expected 6 numbers ([B, I] with B = 2 and I = 3), got 5.", () => stepper.Step(new float[5]));
        Expect.Message<ArgumentException>("x: expected [2, 3] of dtype Float32, got [3, 2] of dtype Float32.", () => stepper.Step(zeros(3, 2)));
        Expect.Message<ArgumentException>("tokens: expected numbers (Single), got token ids; only a SequenceModel that encodes its input reads those.", () => stepper.Step([1L, 2]));
        Expect.Message<ArgumentException>("row: expected from 0 to 1, got 2.", () => stepper.Reset(2));
        Expect.Message<ArgumentException>("h: expected [L, B, H] = [1, 2, 4], got [1, 3, 4].", () => stepper.Restore(new RecurrentState(zeros(1, 3, 4), zeros(1, 3, 4))));
        Expect.Message<ArgumentException>("batch: expected a size above 0, got 0.", () => net.Stepper(0));
        foreach (var (want, got) in before.Zip(stepper.Save()))
        {
            Expect.Close(want, got, 0, "state");
        }

        using var model = SequenceModel.Create("gru", 3, 4, 2, encoding: InputEncoding.OneHot);
        var text = model.Stepper();
        Expect.Message<ArgumentException>("tokens: expected ids from 0 to 2, got 3.", () => text.Step([3L]));
        Expect.Message<ArgumentException>("tokens: expected ids from 0 to 2, got -1.", () => text.Step([-1L]));
        Expect.Message<ArgumentException>("tokens: expected 1 token ids ([B] with B = 1), got 2.", () => text.Step([1L, 2]));
        Expect.Message<ArgumentException>("x: expected token ids (Int64), got numbers; the model's input is OneHot.", () => text.Step([1f]));
    }

    [Fact]
    public void NetsThatCannotStep_SayWhy()
    {
        using var both = new Gru(3, 4, bidirectional: true);
        using var wide = new Gru(3, 4, dtype: ScalarType.Float64);
        using var own = new Recurrent(3, (_, _, inputs) => new LeakyCell(inputs, 4));
        Expect.Message<NotSupportedException>("Stepper: expected a net that reads forwards alone, got a bidirectional Gru, whose other direction begins at the end of the sequence.", () => both.Stepper());
        Expect.Message<NotSupportedException>("Stepper: expected weights of Float32, got Float64; make a clone and convert it by .to(ScalarType.Float32).", () => wide.Stepper());
        Expect.Message<NotSupportedException>("Stepper: expected cells of this library, got Recurrent with a LeakyCell, of which only its Step in tensors is known; call the cell for each step.", () => own.Stepper());
        var gone = new Lstm(3, 4);
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => gone.Stepper());
        var model = SequenceModel.Create("mingru", 3, 4, 2);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Stepper());
    }

    private static Tensor Run(StepNet<double> steps, Tensor x) => stack([.. x.unbind(0).Select(step =>
    {
        for (var row = 0; row < step.size(0); row++)
        {
            step[row].data<double>().CopyTo(StepProgram<double>.RowOf(steps.Input, row));
        }

        steps.Run();
        return stack([.. Enumerable.Range(0, (int)step.size(0)).Select(row => tensor(StepProgram<double>.RowOf(steps.Output, row).ToArray()))]); // [B, H]
    })]);

    // Gains and biases that begin at 1 and 0 would hide what is left out.
    private static void Shake(IRecurrentModule net)
    {
        using var noTape = no_grad();
        foreach (var parameter in ((nn.Module)net).parameters())
        {
            parameter.add_(randn_like(parameter).mul(0.1));
        }
    }
}
