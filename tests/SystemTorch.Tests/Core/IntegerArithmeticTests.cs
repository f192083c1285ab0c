using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class IntegerArithmeticTests
{
    [Fact]
    public void AddAndSub_OfIntegerTensors_GiveIntegers()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor([5L, 7L]), tensor([2L, 10L]));
        Assert.Equal([7L, 17L], a.add(b).data<long>().ToArray());
        Assert.Equal([3L, -3L], (a - b).data<long>().ToArray());
        Assert.Equal([7.5f, 17.5f], a.add(tensor([2.5f, 10.5f])).data<float>().ToArray());
        Assert.Equal([true, true], tensor([true, false]).add(tensor([true, true])).data<bool>().ToArray());
    }
}
