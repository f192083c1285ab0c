using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The hand-written path in a module, with ordinary losses around it.</summary>
public sealed class HandWrittenPathTests
{
    public static TheoryData<string, long, bool, bool, bool> Nets()
    {
        var data = new TheoryData<string, long, bool, bool, bool>();
        foreach (var net in NetCase.Names)
        {
            data.Add(net, 1, false, true, false);
            data.Add(net, 2, true, true, false);
            data.Add(net, 1, true, false, true);
            data.Add(net, 3, false, true, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void OutputsAndGradients_EqualAutograd(string net, long layers, bool bidirectional, bool bias, bool batchFirst)
    {
        foreach (var (dtype, tolerance) in new[] { (ScalarType.Float64, 1e-12), (ScalarType.Float32, 2e-5), (ScalarType.BFloat16, 0.1) })
        {
            using var scope = NewDisposeScope();
            manual_seed(1);
            using var pair = new PathPair(new NetCase(net, layers, bidirectional, bias, batchFirst), dtype);
            var (outputs, gradients) = pair.HandWritten();
            var (expectedOutputs, expectedGradients) = pair.Autograd();

            // Three digits are few where gradients are divided by the spread of a layer's sums; of seven either path loses two or three.
            var gradientTolerance = (net, dtype) switch
            {
                ("layernorm-lstm", ScalarType.BFloat16) => 0.3,
                ("layernorm-lstm", ScalarType.Float32) => 2e-4,
                _ => tolerance,
            };
            foreach (var (expected, actual) in expectedOutputs.Zip(outputs))
            {
                Expect.Close(expected, actual, tolerance, $"{net} {dtype}: output");
            }

            Expect.Close(expectedGradients, gradients, gradientTolerance, $"{net} {dtype}");
        }
    }

    public static IEnumerable<object[]> NetsAndTypes() => SequenceModel.Names.SelectMany(net => new object[][] { [net, ScalarType.Float32, 16], [net, ScalarType.Float64, 32], [net, ScalarType.Float64, 11] });

    // Rows of a constant input, or of a loss that sums, lie in one place; so long a sequence goes through the products of many rows.
    [Theory]
    [MemberData(nameof(NetsAndTypes))]
    public void RowsThatLieInOnePlace_GiveTheGradientsOfTheirCopies(string cell, ScalarType dtype, int hidden)
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create(cell, 5, hidden, 9, dtype: dtype);
        model.Backward = BackwardPath.HandWritten;
        var x = randn(5, dtype: dtype).expand(150, 20, 5);
        Expect.Close(OfSums(x.contiguous(), ones(150, 20, hidden, dtype: dtype)), OfSums(x, ones([], dtype: dtype).expand(150, 20, hidden)), dtype == ScalarType.Float64 ? 1e-12 : 1e-4, cell);

        Dictionary<string, Tensor> OfSums(Tensor input, Tensor cotangent)
        {
            model.zero_grad();
            autograd.backward([model.Recurrent.Run(input).Output], [cotangent]);
            model.call(input).Output.sum([0, 1]).square().sum().mul(1e-3).backward();
            return model.named_parameters().ToDictionary(item => item.name, item => item.parameter.grad!.clone());
        }
    }

    [Theory]
    [InlineData("LSTM", 0)]
    [InlineData("LSTM", 1)]
    [InlineData("LSTM", 2)]
    [InlineData("GRU", 0)]
    [InlineData("GRU", 1)]
    public void OutputsThatTheLossDoesNotUse_CountAsZero(string net, int used)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(net, Layers: 2, Bidirectional: true), ScalarType.Float64);
        Expect.Close(pair.Gradients(BackwardPath.Autograd, Loss), pair.Gradients(BackwardPath.HandWritten, Loss), 1e-12, net);

        Tensor Loss(Tensor[] outputs) => outputs[used].mul(pair.Cotangents[used]).sum();
    }

    [Fact]
    public void BackwardTwice_AddsUp()
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase("LSTM", Layers: 2), ScalarType.Float64);
        var once = pair.Gradients(BackwardPath.HandWritten, pair.Loss);
        pair.Net.Module.zero_grad();
        var (leaves, outputs) = pair.Run(BackwardPath.HandWritten);
        outputs[0].mul(pair.Cotangents[0]).sum().backward(null, retain_graph: true);
        outputs[1].mul(pair.Cotangents[1]).sum().backward(null, retain_graph: true);
        outputs[2].mul(pair.Cotangents[2]).sum().backward();
        Expect.Close(once, pair.Gradients(leaves), 1e-12, "three losses one after the other");
    }

    [Fact]
    public void FrozenParameterAndInput_GetNoGradient_AndTheRestIsRight()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, numLayers: 2, dtype: ScalarType.Float64);
        var x = LayerCase.Random(7, 3, 5);
        var cotangent = LayerCase.Random(7, 3, 11);
        string[] frozen = ["weight_hh_l0", "bias_ih_l1"];
        foreach (var key in frozen)
        {
            net.get_parameter(key)!.requires_grad = false;
        }

        var expected = Gradients(BackwardPath.Autograd);
        var actual = Gradients(BackwardPath.HandWritten);
        Assert.DoesNotContain(actual.Keys, frozen.Contains);
        Expect.Close(expected, actual, 1e-12, "with frozen parameters");
        Assert.Null(x.grad);

        Dictionary<string, Tensor> Gradients(BackwardPath path)
        {
            net.Backward = path;
            net.zero_grad();
            net.call(x).Item1.mul(cotangent).sum().backward();
            return net.named_parameters().Where(item => item.Item2.grad is not null).ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        }
    }

    [Fact]
    public void EverythingFrozenButTheInput_GivesTheInputsGradient()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        foreach (var parameter in net.parameters())
        {
            parameter.requires_grad = false;
        }

        var x = LayerCase.Random(7, 3, 5);
        Assert.False(net.call(x).Item1.requires_grad);
        var leaf = x.clone().requires_grad_();
        net.call(leaf).Item1.sum().backward();
        net.Backward = BackwardPath.Autograd;
        var other = x.clone().requires_grad_();
        net.call(other).Item1.sum().backward();
        Expect.Close(other.grad!, leaf.grad!, 1e-13, "input");
    }

    [Fact]
    public void NoGrad_KeepsNoTape()
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase("LSTM"), ScalarType.Float64);
        var (_, expected) = pair.Run(BackwardPath.Autograd);
        using var noTape = no_grad();
        var before = Expect.LiveTensors;
        var (_, outputs) = pair.Run(BackwardPath.HandWritten);
        Assert.All(outputs.Zip(expected), item => Expect.Close(item.Second, item.First, 1e-13, "output"));
        Assert.All(outputs, output => Assert.False(output.requires_grad));
        Assert.Equal(before + outputs.Length + 3, Expect.LiveTensors); // and the copies of input and state
    }

    [Fact]
    public void SequenceOfNets_StateCarriedOver_EqualsAutograd()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 5, dtype: ScalarType.Float64);
        var x = LayerCase.Random(7, 3, 5);
        Expect.Close(Gradients(BackwardPath.Autograd), Gradients(BackwardPath.HandWritten), 1e-12, "two chunks and a second pass over the output");

        // The same weights twice in one graph, once through the state and once through the output.
        Dictionary<string, Tensor> Gradients(BackwardPath path)
        {
            net.Backward = path;
            net.zero_grad();
            var (first, h, c) = net.call(x);
            var (second, _, _) = net.call(first, (h, c));
            second.square().sum().add(h.sum()).backward();
            return net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        }
    }

    [Fact]
    public void EmptyBatch_HasGradientsOfZero()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        net.call(zeros(7, 0, 5, dtype: ScalarType.Float64)).Item1.sum().backward();
        Assert.All(net.parameters(), parameter => Assert.Equal(0, parameter.grad!.abs().sum().item<double>()));
    }

    [Fact]
    public void NaNInput_GivesNaNGradients()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11) { Backward = BackwardPath.HandWritten };
        var x = randn(7, 3, 5);
        x[3, 1, 2].fill_(double.NaN);
        Gradient.Backward(net.call(x).Item1.sum());
        Assert.True(net.get_parameter("weight_ih_l0")!.grad!.isnan().any().item<bool>());
    }

    [Fact]
    public void NonContiguousInput_IsRead()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var x = LayerCase.Random(5, 3, 7).permute(2, 1, 0); // [T, B, I]
        Assert.False(x.is_contiguous());
        Expect.Close(net.call(x.contiguous()).Item1, net.call(x).Item1, 0, "output");
    }

    [Fact]
    public void OwnCells_HaveNoHandWrittenPath()
    {
        using var net = new Recurrent(5, (_, _, size) => new LeakyCell(size, 11));
        Assert.False(net.Supports(BackwardPath.HandWritten));
        Expect.Message<NotSupportedException>(
            "Backward: Recurrent has no hand-written path, for there are no equations for its LeakyCell; use Auto or Autograd.",
            () => net.Backward = BackwardPath.HandWritten);
    }

    [Fact]
    public void RecurrentOfOurCells_HasIt()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(5, (_, _, size) => new GruCell(size, 11, dtype: ScalarType.Float64), bidirectional: true);
        var x = LayerCase.Random(7, 3, 5);
        var expected = net.call(x).Output;
        net.Backward = BackwardPath.HandWritten;
        Expect.Close(expected, net.call(x).Output, 1e-13, "output");
    }
}
