using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class ScopeTests
{
    public ScopeTests() => DisposeScopeManager.Statistics.Reset();

    private static LifetimeStatistics Counts => DisposeScopeManager.Statistics.TensorStatistics;

    [Fact]
    public void Scope_AtItsEnd_DisposesWhatWasMadeInIt()
    {
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = ones(3);
            Assert.False(inside.IsInvalid);
        }
        Assert.True(inside.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => inside.Handle);
        Assert.Equal((1, 1, 0, 0), (Counts.CreatedInScopeCount, Counts.DisposedInScopeCount, Counts.CreatedOutsideScopeCount, Counts.ThreadTotalLiveCount));
    }

    [Fact]
    public void MoveToOuter_WithoutAnOuterScope_Detaches()
    {
        Tensor kept;
        using (NewDisposeScope())
        {
            kept = ones(3).MoveToOuterDisposeScope();
        }
        Assert.False(kept.IsInvalid);
        Assert.Equal(1, Counts.DetachedFromScopeCount);
        kept.Dispose();
        Assert.Equal((1, 0), (Counts.DisposedOutsideScopeCount, Counts.ThreadTotalLiveCount));
    }

    [Fact]
    public void MoveToOuter_InNestedScopes_LivesUntilTheOuterEnds()
    {
        Tensor moved;
        using (var outer = NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                moved = ones(3).MoveToOuterDisposeScope();
                ones(2);
            }
            Assert.False(moved.IsInvalid);
            Assert.True(outer.Contains(moved));
            Assert.Equal(1, outer.DisposablesCount);
        }
        Assert.True(moved.IsInvalid);
        Assert.Equal((2, 2, 0), (Counts.CreatedInScopeCount, Counts.DisposedInScopeCount, Counts.DetachedFromScopeCount));
    }

    [Fact]
    public void Attach_OfAFreeTensor_CountsAndOwnsIt()
    {
        var free = ones(3);
        using (var scope = NewDisposeScope())
        {
            scope.Attach(free);
            Assert.Equal(1, Counts.AttachedToScopeCount);
        }
        Assert.True(free.IsInvalid);
        Assert.Equal((1, 1), (Counts.CreatedOutsideScopeCount, Counts.DisposedInScopeCount));
    }

    [Fact]
    public void DisposeEverythingBut_KeepsOneInTheScope()
    {
        using var scope = NewDisposeScope();
        var all = Enumerable.Range(0, 5).Select(i => full([1], i)).ToArray();
        scope.DisposeEverythingBut(all[2]);
        Assert.Equal([true, true, false, true, true], all.Select(tensor => tensor.IsInvalid));
        Assert.True(scope.Contains(all[2]));
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void DisposeByHand_InRandomOrder_LeavesTheRestOwned()
    {
        using var scope = NewDisposeScope();
        var all = Enumerable.Range(0, 50).Select(i => full([1], i)).ToArray();
        var random = new Random(1);
        random.Shuffle(all);
        foreach (var tensor in all[..30])
        {
            tensor.Dispose();
        }
        Assert.Equal(20, scope.DisposablesCount);
        Assert.All(all[30..], tensor => Assert.True(scope.Contains(tensor)));
        Assert.All(all[..30], tensor => Assert.False(scope.Contains(tensor)));
    }

    [Fact]
    public void Grad_EachRead_BelongsToTheInnermostScope()
    {
        using var outer = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        x.sum().backward();
        Tensor first;
        using (NewDisposeScope())
        {
            first = x.grad!;
        }
        Assert.True(first.IsInvalid);
        Assert.Equal(3, x.grad!.sum().item<float>());
    }

    [Fact]
    public void Threads_HaveScopesOfTheirOwn()
    {
        using var scope = NewDisposeScope();
        var here = ones(2);
        Tensor? there = null;
        DisposeScope? seen = null;
        var thread = new Thread(() =>
        {
            seen = CurrentDisposeScope;
            using (NewDisposeScope())
            {
                there = ones(2);
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(seen);
        Assert.True(there!.IsInvalid);
        Assert.False(here.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void OtherDisposables_AreDisposedWithTheScope()
    {
        var stream = new MemoryStream();
        using (var scope = NewDisposeScope())
        {
            scope.Attach(stream);
        }
        Assert.Throws<ObjectDisposedException>(() => stream.Length);
    }

    [Fact]
    public void WrappedScope_HandsOutItsResultAlone()
    {
        using var scope = NewDisposeScope();
        var result = WrappedTensorDisposeScope(() => ones(3) + ones(3) * 2);
        Assert.Equal(1, scope.DisposablesCount);
        Assert.Equal(9, result.sum().item<float>());
    }
}
