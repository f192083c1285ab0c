using SystemTorch.Tests.NN;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Optim;

/// <summary>Every option of every optimizer against its formula in plain doubles, over several steps.</summary>
public class OptimizerFormulaTests
{
    private const int Steps = 7;

    [Theory]
    [InlineData(0, 0, 0, false, false)]
    [InlineData(0.9, 0, 0, false, false)]
    [InlineData(0.9, 0.3, 0.1, false, false)]
    [InlineData(0.8, 0, 0.1, true, false)]
    [InlineData(0.8, 0, 0, true, true)]
    [InlineData(0, 0, 0.2, false, true)]
    public void Sgd_MatchesItsFormula(double momentum, double dampening, double decay, bool nesterov, bool maximize)
        => Check(
            parameters => optim.SGD(parameters, 0.05, momentum, dampening, decay, nesterov, maximize),
            () => new Formulas.Sgd(0.05, momentum, dampening, decay, nesterov, maximize));

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(0.1, false, false)]
    [InlineData(0, true, false)]
    [InlineData(0.1, true, true)]
    public void Adam_MatchesItsFormula(double decay, bool amsgrad, bool maximize)
        => Check(
            parameters => optim.Adam(parameters, 0.03, 0.8, 0.95, 1e-3, decay, amsgrad, maximize),
            () => new Formulas.Adam(0.03, 0.8, 0.95, 1e-3, decay, decoupled: false, amsgrad, maximize));

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(0.1, false, false)]
    [InlineData(0.1, true, false)]
    [InlineData(0.1, false, true)]
    public void AdamW_MatchesItsFormula(double decay, bool amsgrad, bool maximize)
        => Check(
            parameters => optim.AdamW(parameters, 0.03, 0.8, 0.95, 1e-3, decay, amsgrad, maximize),
            () => new Formulas.Adam(0.03, 0.8, 0.95, 1e-3, decay, decoupled: true, amsgrad, maximize));

    [Theory]
    [InlineData(0, 0, false, false)]
    [InlineData(0.1, 0, false, false)]
    [InlineData(0, 0.9, false, false)]
    [InlineData(0.1, 0.9, true, false)]
    [InlineData(0.1, 0, true, true)]
    public void RmsProp_MatchesItsFormula(double decay, double momentum, bool centered, bool maximize)
        => Check(
            parameters => optim.RMSProp(parameters, 0.02, 0.9, 1e-3, decay, momentum, centered, maximize),
            () => new Formulas.RmsProp(0.02, 0.9, 1e-3, decay, momentum, centered, maximize));

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0.1, 0.2, 0.5)]
    public void Adagrad_MatchesItsFormula(double lrDecay, double decay, double start)
        => Check(
            parameters => optim.Adagrad(parameters, 0.05, lrDecay, decay, start, 1e-3),
            () => new Formulas.Adagrad(0.05, lrDecay, decay, start, 1e-3));

    [Fact]
    public void ClipGradNorm_ScalesByTheJointNorm_AndReturnsItUnclipped()
    {
        using var scope = NewDisposeScope();
        Parameter a = WithGradient(3, 5);
        Parameter b = WithGradient(7);
        var none = new Parameter(zeros(2));
        double[] all = [.. Expect.Doubles(a.grad!), .. Expect.Doubles(b.grad!)];
        double norm = Math.Sqrt(all.Sum(v => v * v));
        Assert.Equal(norm, nn.utils.clip_grad_norm_([a, none, b], 0.5), 1e-12);
        double[] clipped = [.. Expect.Doubles(a.grad!), .. Expect.Doubles(b.grad!)];
        Assert.All(all.Zip(clipped), pair => Assert.Equal(pair.First * 0.5 / (norm + 1e-6), pair.Second, 1e-12));
        Assert.Equal(clipped.Max(Math.Abs), nn.utils.clip_grad_norm_([a, b], 1e6, double.PositiveInfinity), 1e-12);
        Assert.Equal(clipped[0], Expect.Doubles(a.grad!)[0]);
        Assert.Equal(clipped.Sum(Math.Abs), nn.utils.clip_grad_norm_([a, b], 1e6, 1), 1e-12);
        Assert.Equal(0, nn.utils.clip_grad_norm_([none], 1));

        nn.utils.clip_grad_value_([a, b, none], 0.01);
        Assert.All(all.Zip([.. Expect.Doubles(a.grad!), .. Expect.Doubles(b.grad!)]), pair => Assert.Equal(Math.Sign(pair.First), Math.Sign(pair.Second)));
        Assert.True(a.grad!.abs().max().item<double>() <= 0.01);
    }

    [Fact]
    public void ClipGradNorm_OnGradientsThatAreNotFinite_ShowsItInAllOfThem()
    {
        using var scope = NewDisposeScope();
        Parameter a = WithGradient(3);
        Parameter b = WithGradient(5);
        a.grad!.fill_(double.NaN);
        Assert.True(double.IsNaN(nn.utils.clip_grad_norm_([a, b], 1)));
        Assert.True(b.grad!.isnan().all().item<bool>());
    }

    [Fact]
    public void ParametersToVector_AndBack_AreInverse()
    {
        using var scope = NewDisposeScope();
        Parameter a = WithGradient(3, 5);
        Parameter b = WithGradient(7);
        Tensor vector = nn.utils.parameters_to_vector([a, b]);
        Assert.Equal([3 * 5 + 7], vector.shape);
        nn.utils.vector_to_parameters(vector.detach() * 2, [a, b]);
        Expect.Close(vector * 2, nn.utils.parameters_to_vector([a, b]), 1e-15);
        Assert.Contains("[22]", Assert.Throws<ArgumentException>(() => nn.utils.vector_to_parameters(zeros(3), [a, b])).Message);
    }

    [Fact]
    public void PadSequence_FillsUpToTheLongest()
    {
        using var scope = NewDisposeScope();
        Tensor padded = nn.utils.rnn.pad_sequence([ones(2, 3), ones(5, 3)], padding_value: -1);
        Assert.Equal([5, 2, 3], padded.shape);
        Assert.Equal((2 * 3) + (5 * 3) - (3 * 3), padded.sum().item<float>());
        Assert.Equal([2, 5, 3], nn.utils.rnn.pad_sequence([ones(2, 3), ones(5, 3)], batch_first: true).shape);
        Assert.Throws<ArgumentException>(() => nn.utils.rnn.pad_sequence([ones(2, 3), ones(5, 7)]));
    }

    private static Parameter WithGradient(params long[] shape)
    {
        var parameter = new Parameter(randn(shape, float64));
        parameter.grad = randn(shape, float64);
        return parameter;
    }

    private static void Check(Func<IEnumerable<Parameter>, OptimizerHelper> make, Func<Formulas> formula)
    {
        using var scope = NewDisposeScope();
        using var a = new Parameter(randn([3, 5], float64));
        using var b = new Parameter(randn([7], float64));
        using var untouched = new Parameter(ones(2));
        using OptimizerHelper optimizer = make([a, b, untouched]);
        double[] expected = [.. Expect.Doubles(a), .. Expect.Doubles(b)];
        Formulas[] formulas = [.. expected.Select(_ => formula())];
        for (int step = 0; step < Steps; step++)
        {
            a.grad = randn([3, 5], float64);
            b.grad = randn([7], float64);
            double[] gradients = [.. Expect.Doubles(a.grad!), .. Expect.Doubles(b.grad!)];
            Assert.Null(optimizer.step());
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] = formulas[i].Step(expected[i], gradients[i]);
            }

            double[] got = [.. Expect.Doubles(a), .. Expect.Doubles(b)];
            Assert.All(expected.Zip(got), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            // The gradients themselves are left as they were.
            double[] left = [.. Expect.Doubles(a.grad!), .. Expect.Doubles(b.grad!)];
            Assert.Equal(gradients, left);
        }

        Expect.Same(ones(2), untouched);
        Assert.True(a.requires_grad && a.is_leaf);
    }
}
