using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SystemTorch.Tests.NN;

/// <summary>Layers, activations and losses against their formulas, worked out in plain doubles.</summary>
public class LayerAndLossTests
{
    private const int N = 7, C = 5;

    [Fact]
    public void Activations_AreTheirFormulas()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn([N, C], float64);
        Check(Tanh(), x, Math.Tanh);
        Check(ReLU(), x, v => Math.Max(v, 0));
        Check(Sigmoid(), x, v => 1 / (1 + Math.Exp(-v)));
        Check(SiLU(), x, v => v / (1 + Math.Exp(-v)));
        Check(LeakyReLU(0.2), x, v => v > 0 ? v : 0.2 * v);
        Expect.Close(x.map(v => Math.Log(1 + Math.Exp(2 * v)) / 2), functional.softplus(x, beta: 2), 1e-13);
        Expect.Close(x.map(v => -Math.Log(1 + Math.Exp(-v))), functional.logsigmoid(x), 1e-13);
        Expect.Close(0.5 * x * (1 + (x / Math.Sqrt(2)).erf()), GELU().call(x), 1e-13);
        Tensor shares = x.exp() / x.exp().sum(1, keepdim: true);
        Expect.Close(shares, Softmax(1).call(x), 1e-13);
        Expect.Close(shares.log(), LogSoftmax(1).call(x), 1e-13);
        Expect.Close(x / x.norm(1, keepdim: true), functional.normalize(x), 1e-13);
    }

    [Fact]
    public void Linear_LayerNorm_Embedding_AreTheirFormulas()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn([2, N, C], float64);
        using Linear linear = nn.Linear(C, 3, dtype: float64);
        Expect.Close(x.matmul(linear.weight.t()) + linear.bias!, linear.call(x), 1e-13);

        using LayerNorm norm = nn.LayerNorm(C, dtype: float64);
        init.normal_(norm.weight);
        init.normal_(norm.bias!);
        Tensor centred = x - x.mean([2], keepdim: true);
        Tensor variance = (centred * centred).mean([2], keepdim: true);
        Expect.Close((centred / (variance + 1e-5).sqrt() * norm.weight) + norm.bias!, norm.call(x), 1e-12);

        using Embedding table = nn.Embedding(C, 3, padding_idx: -1, dtype: float64);
        Tensor indices = tensor(new long[] { 3, 0, 4, 3 });
        Tensor rows = table.call(indices);
        Expect.Same(table.weight![3], rows[0]);
        Assert.Equal(0, rows[2].abs().sum().item<double>());
        rows.sum().backward();
        Expect.Close(tensor(new double[] { 1, 0, 0, 2, 0 }), table.weight!.grad!.select(1, 0), 0);
        using Embedding given = Embedding_from_pretrained(x[0]);
        Assert.False(given.weight!.requires_grad);
        Expect.Same(x[0][3], given.call(indices)[0]);
    }

    [Fact]
    public void Dropout_KeepsTheMean_AndDoesNothingInEval()
    {
        using var scope = NewDisposeScope();
        using Dropout module = nn.Dropout(0.25);
        Tensor x = ones(100_000);
        Tensor y = module.call(x);
        Assert.Equal(0.75, y.gt(0).to(float64).mean().item<double>(), 0.01);
        Assert.Equal(4.0 / 3, y.max().item<float>(), 1e-6);
        module.eval();
        Expect.Same(x, module.call(x));
        Assert.Throws<ArgumentOutOfRangeException>(() => nn.Dropout(1.5));
    }

    [Fact]
    public void ClassLosses_AreTheirFormulas()
    {
        using var scope = NewDisposeScope();
        Tensor logits = randn([N, C], float64);
        Tensor target = tensor(new long[] { 3, 0, 4, 1, 2, 2, 0 });
        Tensor weight = rand(C, float64) + 0.5;
        double[] logP = Expect.Doubles(logits.log_softmax(1));
        double[] w = Expect.Doubles(weight);
        long[] t = target.data<long>().ToArray();
        double[] each = [.. t.Select((label, row) => -logP[(row * C) + label])];

        Near(each.Average(), CrossEntropyLoss().call(logits, target));
        Near(each.Sum(), functional.cross_entropy(logits, target, reduction: Reduction.Sum));
        Expect.Close(tensor(each), functional.cross_entropy(logits, target, reduction: Reduction.None), 1e-13);
        double weighted = each.Zip(t, (loss, label) => loss * w[label]).Sum() / t.Sum(label => w[label]);
        Near(weighted, CrossEntropyLoss(weight).call(logits, target));
        Near(weighted, NLLLoss(weight).call(logits.log_softmax(1), target));
        double ignoring = each.Where((_, row) => t[row] != 2).Average();
        Near(ignoring, CrossEntropyLoss(ignore_index: 2).call(logits, target));
        double smooth = each.Select((loss, row) => (0.9 * loss) - (0.1 / C * logP.AsSpan(row * C, C).ToArray().Sum())).Average();
        Near(smooth, new CrossEntropyLoss(label_smoothing: 0.1).call(logits, target));
        Tensor shares = rand([N, C], float64).softmax(1);
        Near(-(shares * logits.log_softmax(1)).sum().item<double>() / N, functional.cross_entropy(logits, shares));
        Near(each.Average(), functional.cross_entropy(logits.reshape(1, N, C).transpose(1, 2), target.reshape(1, N)));
        Expect.Same(tensor(new long[] { 0, 0, 0, 1, 0 }), functional.one_hot(target, C)[0]);
    }

    [Fact]
    public void ElementLosses_AreTheirFormulas()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn([N, C], float64);
        Tensor y = rand([N, C], float64);
        Tensor d = x - y;
        Near((d * d).mean().item<double>(), MSELoss().call(x, y));
        Near((d * d).sum().item<double>(), functional.mse_loss(x, y, Reduction.Sum));
        Near(d.abs().mean().item<double>(), L1Loss().call(x, y));
        double beta = 0.5;
        Near(Expect.Doubles(d.abs()).Average(v => v < beta ? v * v / 2 / beta : v - (beta / 2)), SmoothL1Loss(beta: beta).call(x, y));
        Tensor p = x.sigmoid();
        double entropy = -((y * p.log()) + ((1 - y) * (1 - p).log())).mean().item<double>();
        Near(entropy, BCELoss().call(p, y));
        Near(entropy, BCEWithLogitsLoss().call(x, y));
        Tensor positive = rand(C, float64) + 0.5;
        double weighted = -((positive * y * p.log()) + ((1 - y) * (1 - p).log())).mean().item<double>();
        Near(weighted, BCEWithLogitsLoss(pos_weights: positive).call(x, y));
    }

    [Fact]
    public void Pad_AddsAtTheEdges()
    {
        using var scope = NewDisposeScope();
        Tensor x = arange(6, float64).reshape(2, 3);
        Expect.Same(tensor(new double[] { 9, 0, 1, 2, 9, 9 }), functional.pad(x, (1, 2), value: 9)[0]);
        Assert.Equal([2 + 3, 3 + 3], functional.pad(x, (1, 2, 3, 0)).shape);
        Expect.Same(tensor(new double[] { 2, 1, 0, 1, 2, 1, 0 }), functional.pad(x, 2, PaddingModes.Reflect)[0]);
        Assert.Throws<ArgumentException>(() => functional.pad(x, new long[] { 1, 2, 3 }));
    }

    [Fact]
    public void BadShapes_Throw_AndNameThem()
    {
        using var scope = NewDisposeScope();
        using Linear linear = nn.Linear(C, 3);
        using LayerNorm norm = nn.LayerNorm(C);
        using Embedding table = nn.Embedding(C, 3);
        Tensor x = randn(N, 3);
        Assert.Contains("[7, 3]", Assert.Throws<ArgumentException>(() => linear.call(x)).Message);
        Assert.Contains("[7, 3]", Assert.Throws<ArgumentException>(() => norm.call(x)).Message);
        Assert.Contains("Float32", Assert.Throws<ArgumentException>(() => table.call(x)).Message);
        Assert.Contains("[2]", Assert.Throws<ArgumentException>(() => functional.cross_entropy(x, zeros(2, int64))).Message);
        Assert.Contains("[7, 2]", Assert.Throws<ArgumentException>(() => functional.binary_cross_entropy(x, zeros(7, 2))).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => nn.Linear(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => nn.Embedding(C, 3, padding_idx: C));
    }

    private static void Check(Module<Tensor, Tensor> module, Tensor x, Func<double, double> formula)
    {
        Tensor expected = x.map(formula);
        Expect.Close(expected, module.call(x), 1e-13, module.GetName());
    }

    private static void Near(double expected, Tensor actual) => Assert.Equal(expected, actual.item<double>(), 1e-12);
}
