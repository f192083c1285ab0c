using RnnZoo.Cells;

namespace RnnZoo.Bptt;

/// <summary>The norms of one forward pass of a module, filled in by its backward pass.</summary>
internal sealed class NormRecording
{
    private readonly StepNorms[] _directions;
    private readonly IReadOnlyList<INormObserver> _observers;
    private bool _reached;

    public NormRecording(IReadOnlyList<RecurrentCell> cells, long steps, IReadOnlyList<INormObserver> observers)
    {
        _observers = observers;
        var withShares = observers.Any(observer => observer.WantsShares);
        _directions = [.. cells.Select(cell => new StepNorms(steps, cell is EquationCell { HasCellState: true }, withShares && cell is EquationCell { RecurrentWeight: not null }, OnReached))];
    }

    /// <summary>L·D.</summary>
    public int Count => _directions.Length;

    /// <summary>Layer by layer and, in a layer, forwards before backwards.</summary>
    public StepNorms this[int index] => _directions[index];

    private void OnReached()
    {
        if (!_reached)
        {
            _reached = true;
            foreach (var observer in _observers)
            {
                observer.OnReached(this);
            }
        }
    }
}
