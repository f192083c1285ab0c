using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the sLSTM computes, against loops over the paper's own form: exp(a - m) with m = max(a_i, l).</summary>
public sealed class SlstmTests
{
    private const int I = 3, H = 6, B = 2, T = 9;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Output_IsThatOfThePapersForm(int heads)
    {
        using var scope = NewDisposeScope();
        manual_seed(heads);
        using var net = new Slstm(I, H, heads: heads, dtype: ScalarType.Float64);
        using var noTape = no_grad();
        foreach (var parameter in net.parameters())
        {
            parameter.copy_(randn_like(parameter));
        }

        var x = randn(T, B, I, dtype: ScalarType.Float64);
        var (output, h, memory) = net.call(x);
        var (w, r, bias) = (Matrix(net.get_parameter("weight_ih_l0")!), Matrix(net.get_parameter("weight_hh_l0")!), Matrix(net.get_parameter("bias_ih_l0")!.add(net.get_parameter("bias_hh_l0")!).unsqueeze(1)));
        for (var row = 0; row < B; row++)
        {
            var (y, c, n, m) = (new double[H], new double[H], new double[H], new double[H]);
            for (var t = 0; t < T; t++)
            {
                var before = y.ToArray();
                for (var unit = 0; unit < H; unit++)
                {
                    var a = new double[4];
                    for (var gate = 0; gate < 4; gate++)
                    {
                        var at = (gate * H) + unit;
                        a[gate] = bias[at, 0];
                        for (var k = 0; k < I; k++)
                        {
                            a[gate] += w[at, k] * x[t, row, k].item<double>();
                        }

                        for (var k = 0; k < H / heads; k++)
                        {
                            a[gate] += r[at, k] * before[(unit / (H / heads) * (H / heads)) + k];
                        }
                    }

                    var l = m[unit] + Math.Log(Sigmoid(a[1]));
                    var highest = n[unit] == 0 ? a[0] : Math.Max(a[0], l);
                    var (i, f) = (Math.Exp(a[0] - highest), Math.Min(1, Math.Exp(l - highest)));
                    c[unit] = (f * c[unit]) + (i * Math.Tanh(a[2]));
                    n[unit] = (f * n[unit]) + i;
                    m[unit] = highest;
                    y[unit] = Sigmoid(a[3]) * c[unit] / n[unit];
                }

                Expect.Close(tensor(y), output[t, row], 1e-13, $"h at {t}");
            }

            Expect.Close(tensor((double[])[.. c, .. n, .. m]), memory[0, row], 1e-12, "c, n, m");
            Expect.Close(tensor(y), h[0, row], 1e-13, "h_n");
        }
    }

    [Fact]
    public void Heads_SeeThemselvesAlone_AndTheirGradientToo()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var net = new Slstm(I, H, heads: 2, dtype: ScalarType.Float64);
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            net.Backward = path;
            var h0 = randn(1, B, H, dtype: ScalarType.Float64).requires_grad_();
            using (no_grad())
            {
                net.get_parameter("weight_hh_l0")!.normal_();
            }

            var (output, _, _) = net.call(randn(1, B, I, dtype: ScalarType.Float64), (h0, ones(1, B, 3 * H, dtype: ScalarType.Float64)));
            output.narrow(2, 0, H / 2).sum().backward();
            Assert.Equal(0, h0.grad!.narrow(2, H / 2, H / 2).abs().max().item<double>());
            Assert.True(h0.grad.narrow(2, 0, H / 2).abs().min().item<double>() > 0);
            net.zero_grad();
        }
    }

    [Theory]
    [InlineData(-1e4, ScalarType.Float32)]
    [InlineData(-1e4, ScalarType.Float64)]
    [InlineData(1e4, ScalarType.Float32)]
    public void LargeGates_FromTheZeroState_StayFinite_GradientsToo(double bias, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            manual_seed(7);
            using var net = new Slstm(I, H, dtype: dtype) { Backward = path };
            using (no_grad())
            {
                net.get_parameter("bias_ih_l0")!.narrow(0, 0, H).fill_(bias);
            }

            var x = randn(T, B, I, dtype: dtype).requires_grad_();
            var output = net.call(x).Item1;
            output.sum().backward();
            Assert.True(output.abs().max().to(ScalarType.Float64).item<double>() < 1);
            Assert.True(x.grad!.isfinite().all().item<bool>());
            Assert.All(net.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
        }
    }

    [Fact]
    public void Start_OpensTheForgetGates_ByLayer_AndLeavesRAtZero()
    {
        using var net = new Slstm(I, 8, numLayers: 3, heads: 2);
        foreach (var (layer, power) in new[] { (0, 0.3), (1, 0.95), (2, 1.6) })
        {
            var bias = net.get_parameter($"bias_ih_l{layer}")!.data<float>().ToArray();
            Assert.All(bias[..8].Concat(bias[16..]), value => Assert.Equal(0, value));
            for (var unit = 0; unit < 8; unit++)
            {
                Assert.Equal(5 - (12 * Math.Pow(unit % 4 / 3.0, power)), bias[8 + unit], 1e-5);
            }

            Assert.Equal([32, 4], net.get_parameter($"weight_hh_l{layer}")!.shape);
            Assert.Equal(0, net.get_parameter($"weight_hh_l{layer}")!.count_nonzero().item<long>());
        }
    }

    [Fact]
    public void WrongHeads_AreRefused()
    {
        Expect.Message<ArgumentException>("heads: expected a divisor of H = 6, got 4.", () => new Slstm(3, 6, heads: 4));
        Expect.Message<ArgumentException>("heads: expected a divisor of H = 6, got 0.", () => new SlstmCell(3, 6, heads: 0));
    }

    private static double Sigmoid(double a) => 1 / (1 + Math.Exp(-a));

    private static double[,] Matrix(Tensor tensor)
    {
        var numbers = tensor.data<double>().ToArray();
        var matrix = new double[tensor.shape[0], tensor.shape[1]];
        Buffer.BlockCopy(numbers, 0, matrix, 0, numbers.Length * sizeof(double));
        return matrix;
    }
}
