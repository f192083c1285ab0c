using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class MemoryTests
{
    [Fact]
    public void TenThousandSteps_LeaveNoTensorAndNoMemoryBehind()
    {
        using var outer = NewDisposeScope();
        var weight = randn([53, 53], requires_grad: true);
        void Steps(int count)
        {
            for (var step = 0; step < count; step++)
            {
                using var scope = NewDisposeScope();
                var h = randn(7, 53);
                h = (h.mm(weight) + h).tanh();
                var parts = h.chunk(3, 1);
                (torch.cat(parts, 1) * FunctionTests.Twice.apply(h)).sum().backward();
                weight.grad = null;
            }
        }
        Steps(500);
        var tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var before = ResidentBytes();
        Steps(10_000);
        Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        var grown = ResidentBytes() - before;
        Assert.True(grown < 40 << 20, $"grew by {grown >> 20} MiB");
    }

    [Fact]
    public void TensorsWithoutScope_AreFreedByTheCollector()
    {
        static void Make()
        {
            for (var i = 0; i < 1000; i++)
            {
                ones(10);
            }
        }
        var before = Tensor.TotalCount;
        Make();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.InRange(Tensor.TotalCount - before, long.MinValue, 900);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
