using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Forward hooks run on call, in order, may replace, and can be taken off.</summary>
public class HookTests
{
    [Fact]
    public void Hooks_RunOnCall_NotOnForward()
    {
        using DisposeScope scope = NewDisposeScope();
        using Linear module = nn.Linear(3, 2);
        List<string> seen = [];
        module.register_forward_pre_hook((_, input) =>
        {
            seen.Add("before");
            return input;
        });
        module.register_forward_hook((_, _, output) =>
        {
            seen.Add("after");
            return output;
        });
        module.register_forward_pre_hook((nn.Module owner) => seen.Add(owner.GetName()));
        Tensor x = randn(5, 3);
        module.forward(x);
        Assert.Empty(seen);
        module.call(x);
        Assert.Equal(3, seen.Count);
        Assert.Contains("Linear", seen);
        Assert.True(seen.IndexOf("before") < seen.IndexOf("after"));
    }

    [Fact]
    public void Hooks_ThatReturnTensors_ReplaceInputAndOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        using Linear module = nn.Linear(3, 2);
        Tensor x = randn(5, 3);
        Tensor expected = module.forward(x * 2) + 1;
        module.register_forward_pre_hook((_, input) => input * 2);
        module.register_forward_hook((_, _, output) => output + 1);
        Expect.Close(expected, module.call(x), 1e-6);
    }

    [Fact]
    public void Remover_TakesOffItsHookAlone_EvenFromWithinTheHook()
    {
        using DisposeScope scope = NewDisposeScope();
        using GRU module = nn.GRU(3, 2);
        int first = 0;
        int second = 0;
        var keep = module.register_forward_hook((_, _, _, output) =>
        {
            first++;
            return output;
        });
        nn.HookableModule<Func<nn.Module<Tensor, Tensor, (Tensor, Tensor)>, Tensor, Tensor, (Tensor, Tensor)?>, Func<nn.Module<Tensor, Tensor, (Tensor, Tensor)>, Tensor, Tensor, (Tensor, Tensor), (Tensor, Tensor)>>.HookRemover? once = null;
        once = module.register_forward_pre_hook((nn.Module _) =>
        {
            second++;
            once!.remove();
        });
        Tensor x = randn([5, 7, 3]);
        module.call(x);
        module.call(x);
        Assert.Equal((2, 1), (first, second));
        keep.remove();
        module.call(x);
        Assert.Equal((2, 1), (first, second));
    }
}
