namespace TorchSharp;

/// <summary>The lifetime counts of the current thread, of all kinds of objects together and of each.</summary>
public class ThreadDisposeScopeStatistics
{
    public LifetimeStatistics TensorStatistics { get; } = new();

    public LifetimeStatistics PackedSequenceStatistics { get; } = new();

    public long CreatedOutsideScopeCount => Sum(statistics => statistics.CreatedOutsideScopeCount);

    public long DisposedOutsideScopeCount => Sum(statistics => statistics.DisposedOutsideScopeCount);

    public long CreatedInScopeCount => Sum(statistics => statistics.CreatedInScopeCount);

    public long DisposedInScopeCount => Sum(statistics => statistics.DisposedInScopeCount);

    public long AttachedToScopeCount => Sum(statistics => statistics.AttachedToScopeCount);

    public long DetachedFromScopeCount => Sum(statistics => statistics.DetachedFromScopeCount);

    public long ThreadTotalLiveCount => Sum(statistics => statistics.ThreadTotalLiveCount);

    public void Reset()
    {
        TensorStatistics.Reset();
        PackedSequenceStatistics.Reset();
    }

    public override string ToString() => $"tensors: {TensorStatistics}";

    private long Sum(Func<LifetimeStatistics, long> count) => count(TensorStatistics) + count(PackedSequenceStatistics);
}
