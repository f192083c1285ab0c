using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Sequential, lists and dictionaries of modules and parameters.</summary>
public class ContainerTests
{
    [Fact]
    public void Sequential_RunsItsModulesInOrder_AndKeepsTheTape()
    {
        using var scope = NewDisposeScope();
        using Linear first = nn.Linear(3, 5);
        using Linear second = nn.Linear(5, 2);
        using Sequential net = nn.Sequential(first, nn.ReLU(inplace: true), nn.Identity(), second);
        Tensor x = randn([7, 3], requires_grad: true);
        Tensor y = net.call(x);
        Expect.Same(second.call(first.call(x).relu()), y);
        Tensor cotangent = randn(7, 2);
        (y * cotangent).sum().backward();
        Tensor wanted = (cotangent.mm(second.weight) * first.call(x).gt(0)).mm(first.weight);
        Expect.Close(wanted, x.grad, 1e-5);
        Assert.Equal(["0.weight", "0.bias", "3.weight", "3.bias"], net.state_dict().Keys);
    }

    [Fact]
    public void Sequential_LeavesNothingButItsResult()
    {
        using Sequential net = nn.Sequential(("a", nn.Linear(3, 5)), ("b", nn.Tanh()), ("c", nn.Linear(5, 2)));
        using var scope = NewDisposeScope();
        Tensor x = randn(7, 3);
        int before = scope.DisposablesCount;
        net.call(x);
        Assert.Equal(before + 1, scope.DisposablesCount);
    }

    [Fact]
    public void Sequential_SlicesShareTheirModules()
    {
        using Sequential net = nn.Sequential(("a", nn.Linear(3, 5)), ("b", nn.Tanh()), ("c", nn.Linear(5, 2)));
        Assert.Equal(3, net.Count);
        Assert.Equal(["a.weight", "a.bias"], net[..2].state_dict().Keys);
        Assert.Same(net[2], net[(1, null)][1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => net[(2, 4)]);
        using Sequential empty = nn.Sequential();
        using Tensor x = ones(3);
        using Tensor y = empty.call(x);
        Expect.Same(x, y);
        Assert.NotSame(x, y);
    }

    [Fact]
    public void ModuleList_RegistersByPosition_AlsoAfterChanges()
    {
        using Linear a = nn.Linear(1, 2, hasBias: false);
        using Linear b = nn.Linear(3, 5, hasBias: false);
        using ModuleList<Linear> list = nn.ModuleList(a);
        list.Insert(0, b);
        list.append(nn.Linear(7, 11));
        Assert.Equal(["0.weight", "1.weight", "2.weight", "2.bias"], list.state_dict().Keys);
        Assert.Same(b.weight, list.get_parameter("0.weight"));
        list.RemoveAt(0);
        Assert.Same(a.weight, list.get_parameter("0.weight"));
        Assert.Equal(2, list.Count);
    }

    [Fact]
    public void ModuleDict_RegistersByName()
    {
        using ModuleDict<Linear> dict = nn.ModuleDict<Linear>(("b", nn.Linear(1, 2)), ("a", nn.Linear(2, 1)));
        Assert.Equal(["b.weight", "b.bias", "a.weight", "a.bias"], dict.state_dict().Keys);
        using Linear taken = dict["b"];
        Assert.True(dict.Remove("b"));
        Assert.Equal(["a.weight", "a.bias"], dict.state_dict().Keys);
        Assert.False(dict.TryGetValue("b", out _));
    }

    [Fact]
    public void ParameterContainers_FollowConversions()
    {
        using ParameterList list = nn.ParameterList(nn.Parameter(ones(2)), nn.Parameter(ones(3)));
        using ParameterDict dict = nn.ParameterDict(("p", nn.Parameter(ones(5))));
        list.@double();
        dict.@double();
        Assert.Equal(["0", "1"], list.state_dict().Keys);
        Assert.Same(list[1], list.get_parameter("1"));
        Assert.Same(dict["p"], dict.get_parameter("p"));
        Assert.Equal((float64, float64), (list[0].dtype, dict["p"].dtype));
    }

    [Fact]
    public void OrderedDict_KeepsOrder_ThroughReplacementAndRemoval()
    {
        var dict = new OrderedDict<string, int> { { "c", 1 }, { "a", 2 }, { "b", 3 } };
        dict["a"] = 5;
        Assert.Equal(["c", "a", "b"], dict.Keys);
        Assert.True(dict.Remove("c"));
        dict.Insert(1, ("d", 7));
        Assert.Equal([("a", 5), ("d", 7), ("b", 3)], dict.ToArray<(string, int)>());
        Assert.Equal(2, dict.IndexOf(("b", 3)));
        Assert.Equal(-1, dict.IndexOf(("b", 4)));
        dict[0] = ("e", 11);
        Assert.False(dict.ContainsKey("a"));
        Assert.Equal(("e", 11), dict[0]);
        Assert.Throws<ArgumentException>(() => dict[0] = ("b", 1));
        Assert.Throws<ArgumentException>(() => dict.Add("b", 1));
    }
}
