using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the layer-normalised LSTM computes, and its parameters.</summary>
public sealed class LayerNormLstmTests
{
    private const long I = 5;
    private const long H = 7;

    [Fact]
    public void Step_IsThePapersByNnLayerNorm()
    {
        using var scope = NewDisposeScope();
        using var cell = new LayerNormLstmCell(I, H, dtype: ScalarType.Float64);
        Randomise(cell);
        var (x, h, c) = (Random(3, I), Random(3, H), Random(3, H));
        var fromInput = Normalised(x.mm(cell.weight_ih.t()), cell.weight_ln_ih, cell.bias_ih!); // [B, 4H]
        var fromState = Normalised(h.mm(cell.weight_hh.t()), cell.weight_ln_hh, cell.bias_hh!); // [B, 4H]
        var gates = fromInput.add(fromState).chunk(4, 1);
        var next = gates[1].sigmoid().mul(c).add(gates[0].sigmoid().mul(gates[2].tanh()));
        var shown = gates[3].sigmoid().mul(Normalised(next, cell.weight_ln_c, cell.bias_ln_c!).tanh());

        var (hNext, cNext) = cell.call(x, (h, c));

        Expect.Close(shown, hNext, 1e-14, "h");
        Expect.Close(next, cNext, 1e-14, "c");

        static Tensor Normalised(Tensor a, Tensor gain, Tensor bias)
        {
            var norm = nn.LayerNorm(a.shape[1], dtype: ScalarType.Float64);
            norm.load_state_dict(new() { ["weight"] = gain, ["bias"] = bias });
            return norm.call(a);
        }
    }

    [Fact]
    public void Gates_DoNotSeeTheScaleOfTheWeights()
    {
        using var scope = NewDisposeScope();
        using var cell = new LayerNormLstmCell(I, H, dtype: ScalarType.Float64);
        var (x, h, c) = (Random(3, I), Random(3, H), Random(3, H));
        var (before, _) = cell.call(x, (h, c));
        using (no_grad())
        {
            cell.weight_ih.mul_(1000);
            cell.weight_hh.mul_(1000);
        }

        Expect.Close(before, cell.call(x, (h, c)).Item1, 1e-3, "h"); // ε counts a little for weights as they are drawn
    }

    [Fact]
    public void Keys_AreThoseOfAnLstmAndTheGains()
    {
        using var net = new LayerNormLstm(I, H, numLayers: 2, bidirectional: true);
        using var plain = new Lstm(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        (string Name, long Size)[] own = [("weight_ln_ih", 4 * H), ("weight_ln_hh", 4 * H), ("weight_ln_c", H), ("bias_ln_c", H)];
        Assert.Equal(plain.state_dict().Keys.Concat(suffixes.SelectMany(suffix => own.Select(item => item.Name + suffix))).Order(), shapes.Keys.Order());
        Assert.All(plain.state_dict(), item => Assert.Equal(item.Value.shape, shapes[item.Key]));
        Assert.All(suffixes.SelectMany(suffix => own.Select(item => (item.Name + suffix, item.Size))), item => Assert.Equal([item.Size], shapes[item.Item1]));

        using var noBias = new LayerNormLstm(I, H, bias: false);
        Assert.Equal(["weight_hh_l0", "weight_ih_l0", "weight_ln_c_l0", "weight_ln_hh_l0", "weight_ln_ih_l0"], noBias.state_dict().Keys.Order());
    }

    [Fact]
    public void GainsAndBiases_BeginAsNnLayerNorms_AndTheDefaultInitialiserKeepsGains()
    {
        using var scope = NewDisposeScope();
        using var net = new LayerNormLstm(I, H);
        AssertGains();
        Assert.All(net.named_parameters().Where(item => item.Item1.StartsWith("bias", StringComparison.Ordinal)), item => Assert.Equal(0, item.Item2.abs().max().item<float>()));
        using (no_grad())
        {
            Randomise(net);
        }

        using var generator = new Generator(3);
        Initialisers.Default().Then(Initialisers.Chrono(30)).Apply(net, generator);
        AssertGains();
        var bias = net.get_parameter("bias_ih_l0")!.chunk(4, 0);
        Assert.InRange(bias[1].min().item<float>(), 0, Math.Log(29));
        Expect.Close(bias[1].neg(), bias[0], 0, "b_i = -b_f");

        void AssertGains() => Assert.All(
            net.named_parameters().Where(item => item.Item1.Contains("weight_ln", StringComparison.Ordinal)),
            item => Assert.Equal((1f, 1f), (item.Item2.min().item<float>(), item.Item2.max().item<float>())));
    }

    private static void Randomise(nn.Module module)
    {
        using var noTape = no_grad();
        foreach (var parameter in module.parameters())
        {
            parameter.uniform_(-1, 1);
        }
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
