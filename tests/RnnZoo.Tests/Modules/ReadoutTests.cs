using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The readout of a model on the hand-written path, of a size at which it runs on the kernels, against libtorch's linear layer.</summary>
public sealed class ReadoutTests
{
    public static TheoryData<ScalarType, int, int, bool> Cases() => new()
    {
        { ScalarType.Float64, 32, 9, false },
        { ScalarType.Float64, 19, 33, false },
        { ScalarType.Float64, 32, 16, true },
        { ScalarType.Float32, 48, 87, false },
        { ScalarType.Float32, 50, 9, true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputAndGradients_AreThoseOfNnLinear(ScalarType dtype, int hidden, int outputs, bool batchFirst)
    {
        using var scope = NewDisposeScope();
        using var model = Model(hidden, outputs, batchFirst, dtype);
        var (x, wanted) = (randn(200, 20, 5, dtype: dtype), randn(200, 20, outputs, dtype: dtype));
        var (output, gradients) = ByModel(model, x, wanted);

        model.zero_grad();
        var expected = nn.functional.linear(model.Recurrent.Run(x).Output, model.Readout.Weight, model.Readout.Bias);
        expected.mul(wanted).sum().backward();
        var tolerance = dtype == ScalarType.Float64 ? 1e-12 : 1e-5;
        Expect.Close(expected, output, tolerance, "output");
        Expect.Close(Gradients(model), gradients, tolerance, "gradients");
        using (no_grad())
        {
            Expect.Close(expected, model.call(x).Output, tolerance, "output without gradient");
        }

        model.Backward = BackwardPath.Autograd;
        Expect.Close(expected, model.call(x).Output, tolerance, "output on autograd");
    }

    [Fact]
    public void OneRow_IsALoopOverItsSum()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var x = randn(200, 20, 5, dtype: ScalarType.Float64);
        var hidden = model.Recurrent.Run(x).Output;
        var output = model.call(x).Output;
        for (var o = 0; o < 9; o++)
        {
            var sum = model.Readout.Bias[o].item<double>();
            for (var h = 0; h < 32; h++)
            {
                sum += model.Readout.Weight[o, h].item<double>() * hidden[199, 7, h].item<double>();
            }

            Assert.Equal(sum, output[199, 7, o].item<double>(), 1e-13);
        }
    }

    [Fact]
    public void SecondDerivative_IsThatOfNnLinear()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var x = randn(200, 20, 5, dtype: ScalarType.Float64);
        var expected = OfGradients(() => nn.functional.linear(model.Recurrent.Run(x).Output, model.Readout.Weight, model.Readout.Bias));
        Expect.Close(expected, OfGradients(() => model.call(x).Output), 1e-12, "second derivative");

        Dictionary<string, Tensor> OfGradients(Func<Tensor> output)
        {
            model.zero_grad();
            Tensor[] parameters = [.. model.parameters()];
            var first = autograd.grad([output().square().sum()], parameters, create_graph: true, retain_graph: true);
            first.Select(gradient => gradient.square().sum()).Aggregate((a, b) => a.add(b)).backward();
            return Gradients(model);
        }
    }

    [Fact]
    public void Hooks_OfTheReadout_Run()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var readout = Assert.IsAssignableFrom<nn.Module<Tensor, Tensor>>(model.named_children().Single(child => child.name == "readout").module);
        readout.register_forward_hook((_, _, output) => output.mul(2));
        var x = randn(200, 20, 5, dtype: ScalarType.Float64);
        var expected = nn.functional.linear(model.Recurrent.Run(x).Output, model.Readout.Weight, model.Readout.Bias).mul(2);
        Expect.Close(expected, model.call(x).Output, 1e-12, "output");
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void FrozenParts_GetNoGradient_AndTheOthersTheirs(bool trainNet, bool trainReadout)
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var (x, wanted) = (randn(200, 20, 5, dtype: ScalarType.Float64), randn(200, 20, 9, dtype: ScalarType.Float64));
        var (_, expected) = ByModel(model, x, wanted);
        model.zero_grad(set_to_none: true);
        foreach (var (name, parameter) in model.named_parameters())
        {
            parameter.requires_grad = name.StartsWith("readout", StringComparison.Ordinal) ? trainReadout : trainNet;
        }

        model.call(x).Output.mul(wanted).sum().backward();
        foreach (var (name, parameter) in model.named_parameters())
        {
            Assert.Equal(parameter.requires_grad, parameter.grad is not null);
            if (parameter.requires_grad)
            {
                Expect.Close(expected[name], parameter.grad!, 1e-14, name);
            }
        }
    }

    [Fact]
    public void LossOfTheStateAlone_GivesTheReadoutNone()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var run = model.call(randn(200, 20, 5, dtype: ScalarType.Float64));
        run.State.Hidden.sum().add(run.Output.detach().sum()).backward();
        Assert.Null(model.Readout.Weight.grad);
        Assert.NotNull(model.get_parameter("recurrent.weight_hh_l0")!.grad);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void SecondBackward_IsRefused_AndWritesNothing(bool trainWeight, bool trainBias)
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        (model.Readout.Weight.requires_grad, model.Readout.Bias.requires_grad) = (trainWeight, trainBias);
        var loss = model.call(randn(200, 20, 5, dtype: ScalarType.Float64)).Output.sum();
        loss.backward();
        var before = Gradients(model);
        Assert.Contains("a second time", Assert.Throws<ExternalException>(() => loss.backward()).Message, StringComparison.Ordinal);
        Expect.Close(before, Gradients(model), 0, "gradients");
    }

    [Fact]
    public void ReadoutOfALeaf_IsRefusedASecondBackward()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var loss = model.Readout.call(randn(200, 20, 32, dtype: ScalarType.Float64).requires_grad_()).sum();
        loss.backward();
        Assert.Contains("a second time", Assert.Throws<ExternalException>(() => loss.backward()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ExpandedGradients_AreThoseOfNnLinear(int along)
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var x = randn(200, 20, 5, dtype: ScalarType.Float64);
        var expected = OfSums(nn.functional.linear(model.Recurrent.Run(x).Output, model.Readout.Weight, model.Readout.Bias));
        Expect.Close(expected, OfSums(model.call(x).Output), 1e-12, "gradients");

        Dictionary<string, Tensor> OfSums(Tensor output)
        {
            model.zero_grad();
            var sums = along == 0 ? output.sum([0, 1]) : along == 1 ? output.sum([0]) : output.sum([2]);
            sums.square().sum().backward();
            return Gradients(model);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void BiasOfAnotherShape_IsWhatNnLinearMakesOfIt(int count)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var model = Model(32, 9);
        model.Readout.Bias.set_(zeros(count, dtype: ScalarType.Float64));
        var x = randn(200, 20, 5, dtype: ScalarType.Float64);
        var hidden = model.Recurrent.Run(x).Output;
        if (count == 1)
        {
            Expect.Close(nn.functional.linear(hidden, model.Readout.Weight, model.Readout.Bias), model.call(x).Output, 1e-12, "output");
        }
        else
        {
            Assert.ThrowsAny<ExternalException>(() => nn.functional.linear(hidden, model.Readout.Weight, model.Readout.Bias));
            Assert.ThrowsAny<ExternalException>(() => model.call(x));
        }
    }

    [Fact]
    public void BiasChangedBeforeTheBackwardPass_IsNoMatter()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var (x, wanted) = (randn(200, 20, 5, dtype: ScalarType.Float64), randn(200, 20, 9, dtype: ScalarType.Float64));
        var (_, expected) = ByModel(model, x, wanted);
        model.zero_grad();
        var loss = model.call(x).Output.mul(wanted).sum();
        using (no_grad())
        {
            model.Readout.Bias.add_(1);
        }

        Gradient.Backward(loss);
        Expect.Close(expected, Gradients(model), 1e-14, "gradients");
    }

    [Fact]
    public void WeightChangedBeforeTheBackwardPass_IsAnError()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        var loss = model.call(randn(200, 20, 5, dtype: ScalarType.Float64)).Output.square().sum();
        using (no_grad())
        {
            model.Readout.Weight.mul_(2);
        }

        var failure = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Assert.StartsWith("readout: the backward pass failed: one of the variables needed for gradient computation has been modified", failure.Message, StringComparison.Ordinal);
        Gradient.Backward(model.call(randn(200, 20, 5, dtype: ScalarType.Float64)).Output.square().sum());
    }

    [Fact]
    public void Conversions_TakeTheReadoutAlong()
    {
        using var scope = NewDisposeScope();
        using var model = Model(32, 9);
        model.to(ScalarType.Float32);
        var x = randn(200, 20, 5);
        var (output, gradients) = ByModel(model, x, ones(200, 20, 9));
        Assert.Equal((ScalarType.Float32, ScalarType.Float32), (output.dtype, gradients["readout.weight"].dtype));
        using var clone = model.Clone();
        Expect.Close(output, clone.call(x).Output, 0, "clone");
        Assert.Equal(model.named_parameters().Select(item => item.name), clone.named_parameters().Select(item => item.name));
    }

    [Fact]
    public void Counters_AreTheSameAfterAnyNumberOfSteps()
    {
        using var model = Model(32, 9);
        var (counts, live) = (0L, 0L);
        for (var step = 1; step <= 40; step++)
        {
            using (NewDisposeScope())
            {
                var run = model.call(randn(200, 20, 5, dtype: ScalarType.Float64));
                (step % 3 == 0 ? run.State.Hidden.sum() : run.Output.sum()).backward();
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
            (counts, live) = step == 10 ? (Tensor.TotalCount, Expect.LiveTensors) : (counts, live);
        }

        Assert.Equal((counts, live), (Tensor.TotalCount, Expect.LiveTensors));
    }

    private static SequenceModel Model(int hidden, int outputs, bool batchFirst = false, ScalarType dtype = ScalarType.Float64) =>
        new(new Gru(5, hidden, batchFirst: batchFirst, dtype: dtype), outputs) { Backward = BackwardPath.HandWritten };

    private static (Tensor Output, Dictionary<string, Tensor> Gradients) ByModel(SequenceModel model, Tensor x, Tensor wanted)
    {
        var output = model.call(x).Output;
        output.mul(wanted).sum().backward();
        return (output, Gradients(model));
    }

    private static Dictionary<string, Tensor> Gradients(SequenceModel model) =>
        model.named_parameters().Where(item => item.parameter.grad is not null).ToDictionary(item => item.name, item => item.parameter.grad!.clone());
}
