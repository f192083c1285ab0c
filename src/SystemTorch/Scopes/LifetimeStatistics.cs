namespace TorchSharp;

/// <summary>How many objects of one kind the current thread made, disposed and moved.</summary>
public class LifetimeStatistics
{
    /// <summary>Made while no scope was open.</summary>
    public long CreatedOutsideScopeCount { get; internal set; }

    /// <summary>Disposed while they belonged to no scope.</summary>
    public long DisposedOutsideScopeCount { get; internal set; }

    /// <summary>Made while a scope was open.</summary>
    public long CreatedInScopeCount { get; internal set; }

    /// <summary>Disposed while they belonged to a scope, by the scope or by hand.</summary>
    public long DisposedInScopeCount { get; internal set; }

    /// <summary>Belonged to no scope, then were attached to one.</summary>
    public long AttachedToScopeCount { get; internal set; }

    /// <summary>Belonged to a scope, then were detached from all.</summary>
    public long DetachedFromScopeCount { get; internal set; }

    /// <summary>All that were made and not yet disposed.</summary>
    public long ThreadTotalLiveCount =>
        CreatedInScopeCount - DisposedInScopeCount + CreatedOutsideScopeCount - DisposedOutsideScopeCount;

    public void Reset()
    {
        CreatedOutsideScopeCount = 0;
        DisposedOutsideScopeCount = 0;
        CreatedInScopeCount = 0;
        DisposedInScopeCount = 0;
        AttachedToScopeCount = 0;
        DetachedFromScopeCount = 0;
    }

    public override string ToString() =>
        $"live {ThreadTotalLiveCount}; created {CreatedInScopeCount} in scopes, {CreatedOutsideScopeCount} outside; "
        + $"disposed {DisposedInScopeCount} in scopes, {DisposedOutsideScopeCount} outside; "
        + $"attached {AttachedToScopeCount}; detached {DetachedFromScopeCount}";
}
