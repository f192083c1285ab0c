using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Registration, names, modes, gradients, conversion and disposal of modules.</summary>
public class ModuleTests
{
    [Fact]
    public void RegisterComponents_OnFieldsInOddOrder_GivesOwnParametersThenSubmodulesThenBuffers()
    {
        using var net = new OddNet();
        Assert.Equal(
            ["alpha", "second.weight", "second.bias", "first.weight", "first.bias", "list.0.weight", "list.0.bias", "list.1.weight", "list.1.bias", "renamed.weight", "renamed.bias", "buf"],
            net.state_dict().Keys);
        Assert.Equal(["second", "first", "list", "renamed"], net.named_children().Select(entry => entry.name));
        Assert.Equal(["second", "first", "list", "renamed", "list.0", "list.1"], net.named_modules().Select(entry => entry.name));
        Assert.Equal(["buf"], net.named_buffers().Select(entry => entry.name));
        Assert.Equal(11, net.parameters().Count());
    }

    [Fact]
    public void Lookups_ByDottedName_FindWhatIsThere()
    {
        using var net = new OddNet();
        Assert.Same(net.Alpha, net.get_parameter("alpha"));
        Assert.Same(net.Buffer, net.get_buffer("buf"));
        Assert.True(net.has_parameter("list.1.bias"));
        Assert.False(net.has_parameter("list.2.bias"));
        Assert.True(net.has_buffer("buf"));
        Assert.False(net.has_buffer("alpha"));
        Assert.Null(net.get_parameter("first.nothing"));
    }

    [Fact]
    public void Train_And_Apply_ReachEveryModule()
    {
        using var net = new OddNet();
        net.eval();
        Assert.All(net.modules().Append(net), module => Assert.False(module.training));
        net.train();
        Assert.All(net.modules().Append(net), module => Assert.True(module.training));
        List<string> visited = [];
        net.apply(module => visited.Add(module.GetName()));
        Assert.Equal(["Linear", "Linear", "Linear", "Linear", "ModuleList", "Linear", "OddNet"], visited);
    }

    [Fact]
    public void ZeroGrad_DropsGradients_OrFillsThem()
    {
        using var scope = NewDisposeScope();
        using var net = new OddNet();
        net.call(randn(5, 2)).sum().backward();
        Parameter weight = net.get_parameter("first.weight")!;
        Assert.NotNull(weight.grad);
        net.zero_grad(set_to_none: false);
        Assert.Equal(0, weight.grad!.abs().sum().item<float>());
        net.zero_grad();
        Assert.Null(weight.grad);
    }

    [Fact]
    public void To_AnotherType_ReplacesParametersAndBuffers_InFieldsToo()
    {
        using var scope = NewDisposeScope();
        using var net = new OddNet();
        Parameter before = net.Alpha;
        Tensor values = net.get_parameter("second.weight")!.detach().clone();
        net.register_buffer("counter", tensor(3L));
        net.call(randn(5, 2)).sum().backward();
        Tensor gradient = net.get_parameter("second.bias")!.grad!.clone();

        Assert.Same(net, net.@double());
        Assert.NotSame(before, net.Alpha);
        Assert.Same(net.Alpha, net.get_parameter("alpha"));
        Assert.Same(net.Buffer, net.get_buffer("buf"));
        Assert.All(net.parameters(), parameter => Assert.Equal((float64, true), (parameter.dtype, parameter.requires_grad)));
        Assert.Equal(float64, net.Buffer.dtype);
        Assert.Equal(int64, net.get_buffer("counter")!.dtype);
        Expect.Same(values.to(float64), net.get_parameter("second.weight"));
        Expect.Same(gradient.to(float64), net.get_parameter("second.bias")!.grad);
        Assert.Equal(float64, net.call(randn([5, 2], float64)).dtype);
        Parameter same = net.Alpha;
        Assert.Same(same, net.to(float64).Alpha);
    }

    [Fact]
    public void Conversion_InsideAScope_OutlivesIt()
    {
        using TorchSharp.Modules.GRU module = nn.GRU(3, 2);
        using (NewDisposeScope())
        {
            module.@double();
        }

        Assert.Equal(4, module.parameters().Count());
        using var scope = NewDisposeScope();
        Assert.Equal([5, 7, 2], module.call(randn([5, 7, 3], float64)).Item1.shape);
    }

    [Fact]
    public void ModuleMadeInsideAScope_LosesItsOwnParameters_KeepsThoseOfLinear()
    {
        OddNet net;
        using (NewDisposeScope())
        {
            net = new OddNet();
            Assert.Equal(11, net.parameters().Count());
        }

        Assert.False(net.has_parameter("alpha") && !net.Alpha.IsInvalid);
        Assert.Equal(10, net.parameters().Count());
        net.Dispose();
    }

    [Fact]
    public void Registration_OfBadNamesAndNulls_Throws()
    {
        using var net = new OddNet();
        Assert.Throws<InvalidOperationException>(() => net.register_parameter("alpha", net.Alpha));
        Assert.Throws<ArgumentNullException>(() => net.register_parameter("other", null!));
        Assert.Throws<ArgumentNullException>(() => net.register_buffer("other", null!));
        Assert.Contains("a.b", Assert.Throws<ArgumentException>(() => net.register_module("a.b", nn.Identity())).Message);
        Assert.Throws<InvalidOperationException>(() => net.add_module("first", nn.Identity()));
        Assert.Throws<InvalidOperationException>(() => nn.Tanh().register_parameter("p", net.Alpha));
    }

    [Fact]
    public void Dispose_FreesEverythingBelow()
    {
        var net = new OddNet();
        Tensor[] all = [.. net.state_dict().Values];
        Assert.Equal(12, all.Length);
        net.Dispose();
        Assert.All(all, value => Assert.True(value.IsInvalid));
    }

    [Fact]
    public void Parameter_TakesTheHandleOfItsTensor()
    {
        Tensor values = ones(3);
        using Parameter parameter = values.AsParameter();
        Assert.True(values.IsInvalid);
        Assert.True(parameter.requires_grad);
        Assert.Equal(3, parameter.sum().item<float>());
    }
}
