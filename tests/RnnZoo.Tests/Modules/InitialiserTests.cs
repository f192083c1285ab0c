using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

public sealed class InitialiserTests
{
    private const long I = 5;
    private const long H = 11;

    public static TheoryData<string> Names() => ["default", "xavier", "orthogonal", "identity", "forget-bias", "chrono", "one-hot", "orthogonal+chrono"];

    [Theory]
    [InlineData("vanilla", 1)]
    [InlineData("lstm", 4)]
    [InlineData("gru", 3)]
    public void Orthogonal_EveryGateBlockOfEveryLayer(string cell, int gates)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var model = SequenceModel.Create(cell, I, H, 2, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64);
        Initialisers.Orthogonal(1.5).Apply(model, generator);
        foreach (var suffix in new[] { "l0", "l0_reverse", "l1", "l1_reverse" })
        {
            var weight = model.get_parameter("recurrent.weight_hh_" + suffix)!;
            Assert.Equal(gates * H, weight.shape[0]);
            foreach (var block in weight.chunk(gates, 0))
            {
                Expect.Close(eye(H, dtype: ScalarType.Float64).mul(2.25), block.mm(block.t()), 1e-12, suffix);
            }
        }

        var blocks = model.get_parameter("recurrent.weight_hh_l0")!.chunk(gates, 0);
        Assert.All(blocks.Skip(1), block => Assert.NotEqual(0, block.sub(blocks[0]).abs().max().item<double>()));
    }

    [Fact]
    public void Orthogonal_IsUniform_MeanOfDiagonalIsNearZero()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var cell = new VanillaRnnCell(1, 2, dtype: ScalarType.Float64);
        var sum = 0.0;
        for (var draw = 0; draw < 1000; draw++)
        {
            Initialisers.Orthogonal().Apply(cell, generator);
            sum += cell.weight_hh[0, 0].item<double>();
        }

        // Without the sign correction QR fixes the sign of Q's first entry, and the mean would be ±2/π.
        Assert.InRange(sum / 1000, -0.1, 0.1);
    }

    [Fact]
    public void Chrono_Lstm_BiasesAreLogarithmsWithinBounds()
    {
        const double maxSteps = 120;
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var net = new Lstm(2, 997, dtype: ScalarType.Float64);
        var before = net.get_parameter("bias_ih_l0")!.detach().clone();
        Initialisers.Chrono(maxSteps).Apply(net, generator);
        var gates = net.get_parameter("bias_ih_l0")!.add(net.get_parameter("bias_hh_l0")!).chunk(4, 0); // i, f, g, o
        Expect.Close(gates[1].neg(), gates[0], 0, "b_i = -b_f");
        var steps = gates[1].exp(); // U(1, T_max - 1)
        Assert.InRange(steps.min().item<double>(), 1, 3);
        Assert.InRange(steps.max().item<double>(), maxSteps - 3, maxSteps - 1);
        Assert.InRange(steps.mean().item<double>(), 56, 64); // 60, four standard deviations of 997 draws
        Expect.Close(before.chunk(4, 0)[2], net.get_parameter("bias_ih_l0")!.chunk(4, 0)[2], 0, "b_g is left alone");
    }

    [Fact]
    public void Chrono_Gru_SetsTheGateThatKeeps()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(2, 997, dtype: ScalarType.Float64);
        using var generator = new Generator(5);
        Initialisers.Chrono(50).Apply(net, generator);
        var steps = net.get_parameter("bias_ih_l0")!.add(net.get_parameter("bias_hh_l0")!).chunk(3, 0)[1].exp(); // z
        Assert.InRange(steps.min().item<double>(), 1, 2);
        Assert.InRange(steps.max().item<double>(), 48, 49);
    }

    [Fact]
    public void ForgetBias_IsTheSumOfBothBiases()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(I, H, numLayers: 2);
        Initialisers.ForgetBias(1.5).Apply(net);
        foreach (var layer in new[] { "l0", "l1" })
        {
            var sum = net.get_parameter("bias_ih_" + layer)!.add(net.get_parameter("bias_hh_" + layer)!).chunk(4, 0);
            Expect.Close(full(H, 1.5), sum[1], 0, layer);
            Assert.NotEqual(1.5, sum[0].mean().item<float>());
        }
    }

    [Fact]
    public void Identity_EveryBlock_BiasesZero()
    {
        using var scope = NewDisposeScope();
        using var net = new VanillaRnn(I, H, 2, Activation.Relu);
        Initialisers.Identity(0.5).Apply(net);
        Expect.Close(eye(H).mul(0.5), net.get_parameter("weight_hh_l1")!, 0, "weight_hh_l1");
        Expect.Close(zeros(H), net.get_parameter("bias_ih_l1")!, 0, "bias_ih_l1");
        Expect.Close(zeros(H), net.get_parameter("bias_hh_l0")!, 0, "bias_hh_l0");
    }

    [Fact]
    public void Xavier_BoundsFollowEachBlocksFans()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        using var net = new Lstm(I, 101, dtype: ScalarType.Float64);
        Initialisers.Xavier().Apply(net, generator);
        var inputBound = Math.Sqrt(6.0 / (I + 101));
        var recurrentBound = Math.Sqrt(6.0 / 202);
        Assert.All(net.get_parameter("weight_ih_l0")!.chunk(4, 0), block => Assert.InRange(block.abs().max().item<double>(), 0.97 * inputBound, inputBound));
        Assert.All(net.get_parameter("weight_hh_l0")!.chunk(4, 0), block => Assert.InRange(block.abs().max().item<double>(), 0.99 * recurrentBound, recurrentBound));
        Assert.Equal(0, net.get_parameter("bias_ih_l0")!.abs().max().item<double>());
    }

    [Fact]
    public void OneHotInput_IsStandardNormal_AndLeavesTheRestAlone()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        using var net = new Gru(29, 101, dtype: ScalarType.Float64);
        var before = net.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        Initialisers.OneHotInput().Apply(net, generator);
        var weight = net.get_parameter("weight_ih_l0")!; // 8787 draws
        Assert.InRange(weight.mean().item<double>(), -0.05, 0.05);
        Assert.InRange(weight.square().mean().item<double>(), 0.93, 1.07);
        Assert.All(before.Where(item => item.Key != "weight_ih_l0"), item => Expect.Close(item.Value, net.get_parameter(item.Key)!, 0, item.Key));
    }

    [Fact]
    public void Default_IsUniformWithinOneOverRootH()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        using var net = new Gru(I, 101, dtype: ScalarType.Float64);
        Initialisers.Xavier().Then(Initialisers.Default()).Apply(net, generator);
        var bound = 1 / Math.Sqrt(101);
        Assert.All(net.parameters(), parameter => Assert.InRange(parameter.abs().max().item<double>(), 0.97 * bound, bound));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SameSeed_SameValues_AndNothingStaysAlive(string name)
    {
        using var first = new Lstm(I, H, numLayers: 2);
        using var second = new Lstm(I, H, numLayers: 2);
        var before = Expect.LiveTensors;
        foreach (var net in new[] { first, second })
        {
            using var zero = new Generator(1);
            Initialisers.Default().Apply(net, zero);
            using var generator = new Generator(8);
            Named(name).Apply(net, generator);
        }

        Assert.Equal(before, Expect.LiveTensors);
        using var scope = NewDisposeScope();
        Expect.Close(first.state_dict(), second.state_dict(), 0, name);
        Assert.All(first.parameters(), parameter => Assert.True(parameter is { is_leaf: true, requires_grad: true }));
        Assert.Equal(name, Named(name).Name);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("xavier")]
    [InlineData("orthogonal")]
    [InlineData("chrono")]
    public void OtherSeed_OtherValues(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(I, H);
        using var generator = new Generator(8);
        Named(name).Apply(net, generator);
        var before = net.state_dict().Values.Select(value => value.detach().clone()).ToArray();
        Named(name).Apply(net, generator);
        Assert.Contains(net.state_dict().Values.Zip(before), pair => pair.First.sub(pair.Second).abs().max().item<float>() > 0);
    }

    [Fact]
    public void WrongUse_IsNamed()
    {
        using var vanilla = new VanillaRnn(I, H);
        using var noBias = new Lstm(I, H, bias: false);
        using var custom = new Recurrent(I, (_, _, size) => new LeakyCell(size, H));
        using var gru = new Gru(I, H);
        Expect.Message<ArgumentException>(
            "chrono: expected an LstmCell, LayerNormLstmCell, PeepholeLstmCell, MinLstmCell, JanetCell, GruCell or MinGruCell, got VanillaRnnCell, which has no gate that keeps the state.",
            () => Initialisers.Chrono(20).Apply(vanilla));
        Expect.Message<ArgumentException>(
            "chrono: expected a cell with bias, got one without; make the net with bias: true.",
            () => Initialisers.Chrono(20).Apply(noBias));
        Expect.Message<ArgumentException>(
            "forget-bias: expected an LstmCell, LayerNormLstmCell, PeepholeLstmCell, MinLstmCell or JanetCell, got GruCell, which has no forget gate.",
            () => Initialisers.ForgetBias().Apply(gru));
        Expect.Message<ArgumentException>(
            "orthogonal: expected cells with gates (VanillaRnnCell, LstmCell, GruCell), got LeakyCell; fill its parameters yourself.",
            () => Initialisers.Orthogonal().Apply(custom));
        Expect.Message<ArgumentException>("maxSteps: expected a number of steps above 2, got 2.", () => Initialisers.Chrono(2));
        Expect.Message<ArgumentException>("gain: expected a number above 0, got 0.", () => Initialisers.Xavier(0));
        Expect.Message<ArgumentException>("bias: expected a finite number, got NaN.", () => Initialisers.ForgetBias(double.NaN));
    }

    [Theory]
    [InlineData("chrono:3", true)]
    [InlineData("orthogonal+chrono:1.5+one-hot", true)]
    [InlineData("irnn+henaff+cayley+forget-bias", true)]
    [InlineData("chrono:0.5", false)]
    [InlineData("chrono:1e3", false)]
    [InlineData("xavier:2", false)]
    [InlineData("orthogonal+", false)]
    [InlineData("Default", false)]
    public void Named_TakesEveryNameAndNoOther(string name, bool known)
    {
        Assert.Equal(known, Initialisers.IsNamed(name));
        if (known)
        {
            Initialisers.Named(name, 20);
        }
        else
        {
            Assert.StartsWith("name: expected a named initialisation, got '", Assert.Throws<ArgumentOutOfRangeException>(() => Initialisers.Named(name, 20)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Xavier_FillsEveryMatrix_AndZeroesEveryBias_OfEveryNet()
    {
        foreach (var net in RecurrentNets.All.Where(net => net.Name != "orthogonal"))
        {
            using var scope = NewDisposeScope();
            using var module = (nn.Module)net.Make(new NetOptions(5, 11));
            using (no_grad())
            {
                foreach (var parameter in module.parameters())
                {
                    parameter.fill_(9);
                }
            }

            Initialisers.Xavier().Apply((IRecurrentModule)module);
            Assert.All(module.named_parameters().Where(item => item.Item2.Dimensions == 2), item =>
                Assert.InRange(item.Item2.abs().max().item<float>(), 0.3, Math.Sqrt(6.0 / (11 + item.Item2.size(1)))));
            Assert.All(module.named_parameters().Where(item => item.Item1.StartsWith("bias", StringComparison.Ordinal)), item =>
                Assert.Equal(0, item.Item2.abs().max().item<float>()));
        }
    }

    [Fact]
    public void Named_ChronoWithAFactor_IsForMemoriesOfSoManyLengths()
    {
        using var scope = NewDisposeScope();
        using var named = new Lstm(I, H);
        using var made = new Lstm(I, H);
        foreach (var (net, start) in new[] { (named, Initialisers.Named("default+chrono:2.5", 20)), (made, Initialisers.Default().Then(Initialisers.Chrono(50))) })
        {
            using var generator = new Generator(8);
            start.Apply(net, generator);
        }

        Expect.Close(named.state_dict(), made.state_dict(), 0, "chrono:2.5");
    }

    private static Initialiser Named(string name) => Initialisers.Named(name, 20);
}
