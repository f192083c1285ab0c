namespace TorchSharp;

/// <summary>The dispose scopes of one thread, innermost first, and what they count.</summary>
public class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager? t_current;

    public static ThreadDisposeScopeStatistics Statistics => Current.Counts;

    internal static DisposeScopeManager Current => t_current ??= new DisposeScopeManager();

    internal ThreadDisposeScopeStatistics Counts { get; } = new();

    internal LifetimeStatistics TensorCounts => Counts.TensorStatistics;

    internal DisposeScope? Innermost { get; private set; }

    internal DisposeScope Open() => Innermost = new DisposeScope(this, Innermost);

    /// <summary>Takes a scope off the stack, wherever in it the scope is.</summary>
    internal void Close(DisposeScope scope)
    {
        if (Innermost == scope)
        {
            Innermost = scope.OuterScope;
            return;
        }
        for (var inner = Innermost; inner is not null; inner = inner.OuterScope)
        {
            if (inner.OuterScope == scope)
            {
                inner.OuterScope = scope.OuterScope;
                return;
            }
        }
    }

    /// <summary>A new tensor joins the innermost scope, if there is one.</summary>
    internal void Register(torch.Tensor tensor)
    {
        if (Innermost is { } scope)
        {
            TensorCounts.CreatedInScopeCount++;
            scope.Add(tensor);
        }
        else
        {
            TensorCounts.CreatedOutsideScopeCount++;
        }
    }

    internal void CountDisposal(torch.Tensor tensor)
    {
        if (tensor.OwningDisposeScope is null)
        {
            TensorCounts.DisposedOutsideScopeCount++;
        }
        else
        {
            TensorCounts.DisposedInScopeCount++;
        }
    }
}
