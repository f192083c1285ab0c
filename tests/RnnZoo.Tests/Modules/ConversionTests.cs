using RnnZoo.Cells;
using RnnZoo.Modules;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Conversion of element type: native module, cells and registry stay one.</summary>
public sealed class ConversionTests
{
    public static TheoryData<string, BackwardPath> NetsAndPaths()
    {
        var data = new TheoryData<string, BackwardPath>();
        foreach (var net in new[] { "RNN", "RELU", "LSTM", "GRU" })
        {
            data.Add(net, BackwardPath.Autograd);
            data.Add(net, BackwardPath.Native);
            data.Add(net, BackwardPath.HandWritten);
        }

        foreach (var net in new[] { "layernorm-lstm", "mingru" })
        {
            data.Add(net, BackwardPath.Autograd);
            data.Add(net, BackwardPath.HandWritten);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(NetsAndPaths))]
    public void ToDouble_ThenTrainedWithANewOptimizer_LossFalls(string name, BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new NetCase(name, Layers: 2, Bidirectional: true).Ours(path, ScalarType.Float32);
        using var generator = new Generator(23);
        Initialisers.Default().Apply((IRecurrentModule)net.Module, generator);
        net.Module.to(ScalarType.Float64);
        Assert.All(net.Module.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        var before = net.Module.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        var x = randn(7, 3, 5, dtype: ScalarType.Float64, generator: generator);
        var target = randn(7, 3, 22, dtype: ScalarType.Float64, generator: generator);
        using var optimizer = optim.Adam(net.Module.parameters(), 1e-2);
        var losses = Enumerable.Range(0, 20).Select(_ =>
        {
            using var step = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.mse_loss(net.Run(x, [])[0], target);
            loss.backward();
            optimizer.step();
            return loss.item<double>();
        }).ToArray();
        Assert.True(losses[^1] < 0.95 * losses[0], $"loss {losses[0]} → {losses[^1]}");
        Assert.All(net.Module.state_dict(), item => Assert.NotEqual(0, item.Value.sub(before[item.Key]).abs().max().item<double>()));
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void ToDouble_WithGradientsPresent_BothPathsAgreeAfterwards(string name)
    {
        using var scope = NewDisposeScope();
        var configuration = new NetCase(name, Layers: 2, Bidirectional: true);
        using var net = configuration.Ours(BackwardPath.Native, ScalarType.Float32);
        net.Run(randn(7, 3, 5), [])[0].sum().backward();
        var weights = net.Module.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().to(ScalarType.Float64).clone());
        net.Module.to(ScalarType.Float64);
        Assert.All(net.Module.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.All(net.Module.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.grad!.dtype));
        Expect.Close(weights, net.Module.state_dict(), 0, "converted weights");
        AssertPathsAgree(net, configuration);
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void ThereAndBack_BothPathsAgree(string name)
    {
        using var scope = NewDisposeScope();
        var configuration = new NetCase(name, Bias: false);
        using var net = configuration.Ours(BackwardPath.Native, ScalarType.Float64);
        net.Module.to(ScalarType.Float32).to(CPU).to(CPU, ScalarType.Float64).cpu().to(DeviceType.CPU);
        net.Module.@double();
        AssertPathsAgree(net, configuration);
    }

    [Fact]
    public void Convert_ThroughAParent_ReachesBothPaths()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("lstm", 5, 11, 2, numLayers: 2);
        using var parent = new Parent(model);
        parent.to(ScalarType.Float64);
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        model.Backward = BackwardPath.Native;
        var native = model.call(x).Output;
        model.Backward = BackwardPath.Autograd;
        Expect.Close(native, model.call(x).Output, 1e-12, "output");
    }

    [Fact]
    public void BareModuleList_ReachesNoModule_NotEvenItsOwn()
    {
        using var native = nn.LSTM(5, 11);
        using var list = nn.ModuleList<nn.Module>(native); // it registers its modules where a parent registers it, and not before
        list.to(ScalarType.Float64);
        Assert.False(list.parameters().Any());
        Assert.All(native.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }

    [Fact]
    public void InPlaceChange_OfARegisteredParameter_ReachesBothPaths()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64);
        using (no_grad())
        {
            net.get_parameter("weight_hh_l0")!.zero_();
            net.get_parameter("bias_hh_l0")!.fill_(0.5);
        }

        AssertPathsAgree(new RunnableNet(net, (x, _) => [net.call(x).Item1]), new NetCase("GRU"));
        Assert.Equal(0.5, ((GruCell)net.CellAt(0)).bias_hh!.mean().item<double>());
    }

    [Fact]
    public void CellConvertedAlone_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(5, (_, _, size) => new GruCell(size, 11));
        net.CellAt(0).to(ScalarType.Float64);
        var exception = Assert.ThrowsAny<Exception>(() => net.call(zeros(7, 3, 5)));
        Assert.Contains("weight_ih_l0", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.Autograd)]
    public void CellGivenAnotherParameter_IsRefused(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11) { Backward = path };
        ((GruCell)net.CellAt(0)).weight_hh = new Parameter(zeros(33, 11));
        Expect.Message<InvalidOperationException>(
            "weight_hh_l0: the cell holds another parameter than the module; convert the module as a whole, and change a parameter's values in place under no_grad.",
            () => net.call(zeros(7, 3, 5)));
    }

    [Fact]
    public void SharedParameters_AreNotTakenApart()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(5, (_, _, size) => new GruCell(size, 5), numLayers: 2);
        var (first, second) = ((GruCell)net.CellAt(0), (GruCell)net.CellAt(1));
        second.weight_hh = first.weight_hh;
        using var tied = new Recurrent(5, (layer, _, _) => layer == 0 ? first : second, numLayers: 2);

        tied.to(ScalarType.Float32); // as they are
        Expect.Message<InvalidOperationException>(
            "to: expected cells with parameters of their own, got one for weight_hh_l0 and weight_hh_l1, of which a conversion would make several; convert the cells first, and share then.",
            () => tied.to(ScalarType.Float64));
        Assert.All(tied.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }

    [Fact]
    public void ToAnIntegerType_Throws()
    {
        using var net = new Lstm(5, 11);
        Expect.Message<ArgumentException>("dtype: expected a floating-point type, got Int64.", () => net.to(ScalarType.Int64));
        using var scope = NewDisposeScope();
        Assert.Equal([7, 3, 11], net.call(zeros(7, 3, 5)).Item1.shape);
    }

    private static void AssertPathsAgree(RunnableNet net, NetCase configuration)
    {
        var x = randn(7, 3, configuration.I, dtype: ScalarType.Float64);
        var rows = net.Run(x, []).Length;
        var module = (IRecurrentModule)net.Module;
        var results = new[] { BackwardPath.Native, BackwardPath.Autograd }.Select(path =>
        {
            module.Backward = path;
            var cotangents = net.Run(x, []).Select(output => ones_like(output)).ToArray();
            return net.RunAndDifferentiate(x, [], cotangents);
        }).ToArray();
        for (var part = 0; part < rows; part++)
        {
            Expect.Close(results[0].Outputs[part], results[1].Outputs[part], 1e-12, $"output {part}");
        }

        Expect.Close(results[0].Gradients, results[1].Gradients, 1e-12, "gradients");
    }

    private sealed class Parent : nn.Module
    {
        private readonly ModuleList<nn.Module> parts;

        public Parent(nn.Module part) : base(nameof(Parent))
        {
            parts = nn.ModuleList<nn.Module>(part);
            RegisterComponents();
        }
    }
}
