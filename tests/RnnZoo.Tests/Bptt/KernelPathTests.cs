using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The kernels behind the modules.</summary>
public sealed class KernelPathTests
{
    public static TheoryData<string, long, bool, bool> Nets()
    {
        var data = new TheoryData<string, long, bool, bool>();
        foreach (var net in new[] { "RNN", "RELU", "LSTM", "GRU" })
        {
            data.Add(net, 1, true, true);
            data.Add(net, 2, false, true);
            data.Add(net, 2, true, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void LayersAndDirections_EqualTheEquations(string name, long layers, bool bidirectional, bool batchFirst)
    {
        foreach (var (dtype, tolerance) in new[] { (ScalarType.Float64, 1e-12), (ScalarType.Float32, 2e-5) })
        {
            using var scope = NewDisposeScope();
            using var pair = new PathPair(new NetCase(name, layers, bidirectional, BatchFirst: batchFirst, I: 17, H: 33), dtype);
            var (outputs, gradients) = pair.HandWritten();
            PlantNothing(pair.Net.Module);
            var (expectedOutputs, expectedGradients) = pair.HandWritten();
            Assert.All(expectedOutputs.Zip(outputs), item => Expect.Close(item.First, item.Second, tolerance, name));
            Expect.Close(expectedGradients, gradients, tolerance, name);
        }
    }

    [Fact]
    public void EffectiveBackward_OfAuto_FollowsDtypeCellAndObserver()
    {
        using var lstm = new Lstm(5, 11);
        Assert.Equal(BackwardPath.HandWritten, lstm.EffectiveBackward);
        lstm.to(ScalarType.Float64);
        Assert.Equal(BackwardPath.HandWritten, lstm.EffectiveBackward);
        lstm.to(ScalarType.BFloat16);
        Assert.Equal(BackwardPath.Native, lstm.EffectiveBackward);
        using var trace = GradientTrace.Attach(lstm);
        Assert.Equal(BackwardPath.HandWritten, lstm.EffectiveBackward);
        using var linear = new VanillaRnn(5, 11, 1, Activation.Linear, dtype: ScalarType.BFloat16);
        Assert.Equal(BackwardPath.Autograd, linear.EffectiveBackward);
        using var own = new Recurrent(5, (_, _, size) => new LeakyCell(size, 11));
        Assert.Equal(BackwardPath.Autograd, own.EffectiveBackward);
    }

    public static TheoryData<string> Registered => [.. TestNets.Names];

    [Theory]
    [MemberData(nameof(Registered))]
    public void EveryNet_RunsOnKernels_AndTakesNativeWhereThatExists(string name)
    {
        var net = TestNets.Make(name, new NetOptions(5, 11));
        using var module = (nn.Module)net;
        Assert.Equal(BackwardPath.HandWritten, net.EffectiveBackward);
        Assert.True(net.HandWritten!.RunsKernels);
        if (name is "tanh" or "relu" or "lstm" or "gru")
        {
            net.Backward = BackwardPath.Native;
            Assert.Equal(BackwardPath.Native, net.EffectiveBackward);
        }
        else
        {
            Assert.Throws<NotSupportedException>(() => { net.Backward = BackwardPath.Native; });
        }
    }

    [Theory]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    [InlineData("RNN")]
    public void BackwardTwice_OnOneTape_GivesTheSameBits(string name)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(name, Layers: 2, Bidirectional: true), ScalarType.Float32);
        var (leaves, outputs) = pair.Run(BackwardPath.HandWritten);
        var loss = pair.Loss(outputs);
        pair.Net.Module.zero_grad();
        loss.backward(null, retain_graph: true);
        var first = pair.Gradients(leaves);
        foreach (var leaf in leaves)
        {
            leaf.grad!.zero_();
        }

        pair.Net.Module.zero_grad();
        loss.backward();
        Expect.Close(first, pair.Gradients(leaves), 0, name);
    }

    [Theory]
    [InlineData("input", "LSTM")]
    [InlineData("weight_ih_l0", "LSTM")]
    [InlineData("bias_hh_l0", "LSTM")]
    [InlineData("weight_hh_l0", "RNN")]
    public void ChangedInPlace_IsFound(string changed, string name)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(name), ScalarType.Float32);
        var (leaves, outputs) = pair.Run(BackwardPath.HandWritten);
        var loss = outputs[0].mul(pair.Cotangents[0]).sum();
        using (no_grad())
        {
            pair.Named(leaves)[changed].mul_(2);
        }

        Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Assert.Null(leaves[0].grad);
    }

    [Theory]
    [InlineData("weight_ih_l0")]
    [InlineData("weight_hh_l0")]
    [InlineData("bias_ih_l0")]
    [InlineData("bias_hh_l0")]
    public void FrozenParameter_GetsNone_AndTheRestIsRight(string frozen)
    {
        foreach (var name in new[] { "LSTM", "GRU", "RELU" })
        {
            using var scope = NewDisposeScope();
            using var pair = new PathPair(new NetCase(name), ScalarType.Float64);
            pair.Net.Module.get_parameter(frozen)!.requires_grad = false;
            var expected = pair.Gradients(BackwardPath.Autograd, pair.Loss);
            var actual = pair.Gradients(BackwardPath.HandWritten, pair.Loss);
            Assert.Null(pair.Net.Module.get_parameter(frozen)!.grad);
            Expect.Close(expected, actual, 1e-12, name);
        }
    }

    [Theory]
    [InlineData("orthogonal", "bias_l0")]
    [InlineData("orthogonal", "")]
    [InlineData("indrnn", "weight_hh_l0")]
    [InlineData("indrnn", "")]
    [InlineData("layernorm-lstm", "_ln_")]
    [InlineData("layernorm-lstm", "")]
    public void FrozenParametersOfACellsOwn_GetNone_AndTheRestIsRight(string name, string frozen)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(name), ScalarType.Float64);
        foreach (var (_, parameter) in pair.Net.Module.named_parameters().Where(item => item.name.Contains(frozen, StringComparison.Ordinal)))
        {
            parameter.requires_grad = false;
        }

        var expected = pair.Gradients(BackwardPath.Autograd, pair.Loss);
        var actual = pair.Gradients(BackwardPath.HandWritten, pair.Loss);
        Expect.Close(expected, actual, 1e-12, name);
        Assert.True(actual["input"].abs().max().item<double>() > 0);
        Assert.Contains(pair.Net.Module.parameters(), parameter => !parameter.requires_grad && parameter.grad is null);
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    [InlineData("mingru")]
    public void FinalState_ChangedInPlaceOnTheTape_GivesTheGradientOfAutograd(string name)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(name), ScalarType.Float64);
        var expected = pair.Gradients(BackwardPath.Autograd, LossOfTwice);
        var actual = pair.Gradients(BackwardPath.HandWritten, LossOfTwice);
        Expect.Close(expected, actual, 1e-12, name);

        Tensor LossOfTwice(Tensor[] outputs)
        {
            Array.ForEach(outputs[1..], part => part.mul_(2));
            return pair.Loss(outputs);
        }
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void InitialState_ThatIsNotContiguous_GivesTheSameBits(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new NetCase(name).Ours(BackwardPath.HandWritten, ScalarType.Float32);
        var x = randn(7, 3, 5);
        Tensor[] strided = [.. Enumerable.Range(0, name == "LSTM" ? 2 : 1).Select(_ => randn(1, 11, 3).transpose(1, 2))];
        Assert.All(strided, part => Assert.False(part.is_contiguous()));
        Tensor[] dense = Array.ConvertAll(strided, part => part.contiguous());
        var cotangent = randn(7, 3, 11);
        var expected = Gradients(dense);
        var actual = Gradients(strided);
        Assert.All(expected.Zip(actual), pair => Expect.Close(pair.First, pair.Second, 0, name));

        IList<Tensor> Gradients(Tensor[] state)
        {
            Array.ForEach(state, part => part.requires_grad_());
            return autograd.grad([net.Run(x, state)[0]], state, [cotangent]);
        }
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("RELU")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void NaNInOneSequence_StaysThere_AsOnAutograd(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new NetCase(name, H: 17).Ours(BackwardPath.Autograd, ScalarType.Float32);
        var x = randn(7, 3, 5);
        x[3, 1, 2].fill_(double.NaN);
        using var noTape = no_grad();
        var expected = net.Run(x, [])[0].isnan();
        ((IRecurrentModule)net.Module).Backward = BackwardPath.HandWritten;
        Assert.True(expected.eq(net.Run(x, [])[0].isnan()).all().item<bool>());
        Assert.True(expected.any().item<bool>());
    }

    // A hook that changes nothing: the equations run in place of the kernels.
    private static void PlantNothing(nn.Module module)
    {
        var path = module switch
        {
            Lstm lstm => lstm.HandWritten,
            Gru gru => gru.HandWritten,
            _ => ((VanillaRnn)module).HandWritten,
        };
        path!.Plant((_, value) => value);
    }
}
