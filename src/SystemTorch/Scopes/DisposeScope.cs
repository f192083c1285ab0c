namespace TorchSharp;

/// <summary>
/// Disposes, at its end, what was made on its thread while it was the innermost scope and was not moved away.
/// Opened with <see cref="torch.NewDisposeScope"/>.
/// </summary>
public sealed partial class DisposeScope : IDisposable
{
    private readonly DisposeScopeManager _manager;

    // A tensor knows its place here, so that leaving costs nothing; of other objects there are few.
    private readonly List<IDisposable> _items = [];

    internal DisposeScope(DisposeScopeManager manager, DisposeScope? outer)
    {
        _manager = manager;
        OuterScope = outer;
    }

    internal DisposeScope? OuterScope { get; set; }

    /// <summary>A copy of what is in the scope now.</summary>
    public IReadOnlyList<IDisposable> DisposablesView => _items.ToArray();

    public int DisposablesCount => _items.Count;

    public bool Contains(IDisposable disposable) => Find(disposable) >= 0;

    /// <summary>Puts an object into this scope, out of any other.</summary>
    public void Attach(IDisposable disposable)
    {
        if (Contains(disposable))
        {
            return;
        }
        if (disposable is torch.Tensor tensor)
        {
            if (tensor.IsInvalid)
            {
                return;
            }
            if (tensor.OwningDisposeScope is { } other)
            {
                other.Remove(tensor);
            }
            else
            {
                _manager.TensorCounts.AttachedToScopeCount++;
            }
        }
        Add(disposable);
    }

    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var all = disposables.ToArray();
        foreach (var disposable in all)
        {
            Attach(disposable);
        }
        return all;
    }

    /// <summary>Frees an object from all scopes: whoever holds it disposes it.</summary>
    public void Detach(IEnumerable<IDisposable> disposables) => MoveToOther(null, disposables);

    /// <summary>Moves objects of this scope to another one; to null means to none.</summary>
    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
        {
            if (!Remove(disposable))
            {
                continue;
            }
            if (scope is not null)
            {
                scope.Add(disposable);
            }
            else if (disposable is torch.Tensor)
            {
                _manager.TensorCounts.DetachedFromScopeCount++;
            }
        }
    }

    public void DisposeEverything() => DisposeEverythingBut([]);

    /// <summary>Disposes what is in the scope now but for some objects, which stay in it.</summary>
    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var keep = inKeep.ToHashSet<IDisposable>(ReferenceEqualityComparer.Instance);
        for (var i = _items.Count - 1; i >= 0; i--)
        {
            // Disposing one object may dispose others, so the list may have become shorter.
            if (i >= _items.Count || (keep.Count > 0 && keep.Contains(_items[i])))
            {
                continue;
            }
            var item = _items[i];
            if (item is not torch.Tensor)
            {
                RemoveAt(i);
            }
            item.Dispose();
        }
    }

    /// <summary>Told by an object that it was disposed.</summary>
    public void MarkAsDisposed(IDisposable disposable) => Remove(disposable);

    public void Dispose()
    {
        DisposeEverything();
        _manager.Close(this);
    }

    internal void Add(IDisposable disposable)
    {
        if (disposable is torch.Tensor tensor)
        {
            tensor.OwningDisposeScope = this;
            tensor.PlaceInScope = _items.Count;
        }
        _items.Add(disposable);
    }

    private int Find(IDisposable disposable) =>
        disposable is torch.Tensor tensor
            ? tensor.OwningDisposeScope == this ? tensor.PlaceInScope : -1
            : _items.FindIndex(item => ReferenceEquals(item, disposable));

    private bool Remove(IDisposable disposable)
    {
        var place = Find(disposable);
        if (place >= 0)
        {
            RemoveAt(place);
        }
        return place >= 0;
    }

    private void RemoveAt(int place)
    {
        if (_items[place] is torch.Tensor leaving)
        {
            leaving.OwningDisposeScope = null;
        }
        var last = _items[^1];
        if (last is torch.Tensor moved)
        {
            moved.PlaceInScope = place;
        }
        _items[place] = last;
        _items.RemoveAt(_items.Count - 1);
    }
}
