using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Where a backward pass over one direction of one layer writes its norms: entry t belongs to input x_t, whichever way
/// the sequence is walked. What no gradient reaches stays zero.
/// </summary>
internal sealed class StepNorms(long steps, bool hasCell, bool withShares, Func<int, bool, Tensor, Tensor>? change, Action onReached)
{
    private long _lastPosition = long.MaxValue;

    /// <summary>(t, whether it is c_t's, gradient in full [n, H]) → what goes on in its place; null where nobody changes gradients. The norms are of what goes on.</summary>
    public Func<int, bool, Tensor, Tensor>? Change => change;

    /// <summary>‖∂L/∂h_t‖ in full.</summary>
    public double[] Hidden { get; } = new double[steps];

    /// <summary>The norm of what reaches h_t through the later steps of the walk.</summary>
    public double[] HiddenFromFuture { get; } = new double[steps];

    /// <summary>‖∂L/∂c_t‖ in full; null where there is no c.</summary>
    public double[]? Cell { get; } = hasCell ? new double[steps] : null;

    /// <summary>The norm of what reaches c_t through c_{t+1}; null where there is no c.</summary>
    public double[]? CellFromFuture { get; } = hasCell ? new double[steps] : null;

    /// <summary>‖dq_t h_{t-1}'‖: the step's own share of ∂L/∂W_hh; null where it was not asked for.</summary>
    public double[]? Shares { get; } = withShares ? new double[steps] : null;

    /// <summary>A backward pass that finds all steps at once begins.</summary>
    public void Begin()
    {
        Clear();
        onReached();
    }

    /// <summary>
    /// A tap is reached. Within one backward pass the engine reaches them from the last made to the first; one that is not
    /// below the one before it belongs to another backward pass, and what the earlier pass left is forgotten.
    /// </summary>
    /// <param name="position">Taps made later have larger ones.</param>
    public void Reach(long position)
    {
        if (position >= _lastPosition)
        {
            Clear();
        }

        _lastPosition = position;
        onReached();
    }

    /// <summary>Takes the norms of gradients that the equations found.</summary>
    /// <param name="steps">The gradients of the steps, rows [N, H].</param>
    /// <param name="sizes">How many rows each step has.</param>
    /// <param name="dRecurrent">dq_t, rows [N, G·H].</param>
    /// <param name="before">h_{t-1}, rows [N, H]; needed for shares alone.</param>
    public void Take(StepGradients steps, BatchSizes sizes, Tensor dRecurrent, Tensor? before)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        Begin();
        for (var t = 0; t < sizes.Steps; t++)
        {
            using var stepScope = NewDisposeScope();
            Hidden[t] = TensorNorm.Of(At(steps.HFromOutput).Plus(At(steps.HFromFuture))); // [n, H]
            HiddenFromFuture[t] = TensorNorm.Of(At(steps.HFromFuture));
            if (Cell is not null)
            {
                Cell[t] = TensorNorm.Of(At(steps.CFromHidden!).Plus(At(steps.CFromFuture!)));
                CellFromFuture![t] = TensorNorm.Of(At(steps.CFromFuture!));
            }

            if (Shares is not null)
            {
                var dQ = At(dRecurrent).to(ScalarType.Float64); // [n, G·H]
                Shares[t] = TensorNorm.Of(dQ.t().mm(At(before!).to(ScalarType.Float64))); // [G·H, H]
            }

            Tensor At(Tensor rows) => rows.narrow(0, sizes.Start(t), sizes[t]);
        }
    }

    private void Clear()
    {
        double[]?[] all = [Hidden, HiddenFromFuture, Cell, CellFromFuture, Shares];
        foreach (var norms in all)
        {
            norms?.AsSpan().Clear();
        }
    }
}

/// <summary>The norms of one forward pass of a module, filled in by its backward pass.</summary>
internal sealed class NormRecording
{
    private readonly StepNorms[] _directions;
    private readonly IReadOnlyList<NormObserver> _observers;
    private bool _reached;

    public NormRecording(IReadOnlyList<RecurrentCell> cells, int directions, long steps, IReadOnlyList<NormObserver> observers)
    {
        _observers = observers;
        var withShares = observers.Any(observer => observer.WantsShares);
        _directions = [.. cells.Select((cell, index) => new StepNorms(
            steps,
            cell is EquationCell { HasCellState: true },
            withShares && cell is EquationCell { HasHiddenWeight: true },
            observers.Any(observer => observer.Change is not null) ? (t, isCell, gradient) => Changed(new StepGradient(index / directions, index % directions, t, isCell, gradient)) : null,
            OnReached))];
    }

    /// <summary>L·D.</summary>
    public int Count => _directions.Length;

    /// <summary>Layer by layer and, in a layer, forwards before backwards.</summary>
    public StepNorms this[int index] => _directions[index];

    private Tensor Changed(StepGradient step)
    {
        foreach (var observer in _observers.Where(observer => !observer.IsDetached))
        {
            step = step with { Gradient = StepGradient.Changed(observer.Change?.Invoke(step), step.Gradient) };
        }

        return step.Gradient;
    }

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

/// <summary>Who asks a module for norms. Without anyone a forward pass costs one comparison.</summary>
internal sealed class NormObservers
{
    private NormObserver[] _observers = [];

    /// <summary>Whether someone needs a path that shows the steps.</summary>
    public bool NeedSteps { get; private set; }

    public void Add(NormObserver observer) => Set([.. _observers, observer]);

    public void Remove(NormObserver observer) => Set([.. _observers.Where(other => !ReferenceEquals(other, observer))]);

    private void Set(NormObserver[] observers) =>
        (_observers, NeedSteps) = (observers, observers.Any(observer => !observer.KeepsPath));

    /// <summary>The recording of a forward pass that begins; null if nobody wants one or no backward pass can follow.</summary>
    public NormRecording? Begin(IReadOnlyList<RecurrentCell> cells, int directions, long steps)
    {
        if (_observers.Length == 0 || !is_grad_enabled())
        {
            return null;
        }

        NormObserver[] wanting = [.. _observers.Where(observer => observer.WantsNext())];
        return wanting.Length == 0 ? null : new NormRecording(cells, directions, steps, wanting);
    }
}

/// <summary>Asks a module for the norms of its steps' gradients, and may change these.</summary>
/// <param name="WantsShares">Whether it wants each step's share of ∂L/∂W_hh as well.</param>
/// <param name="WantsNext">A forward pass begins that a backward pass may follow: whether it is to be recorded.</param>
/// <param name="OnReached">A backward pass has reached a recording for the first time; it is being filled in.</param>
/// <param name="Change">The gradient of a step → what goes on in its place, or null for the gradient as it is; null for an observer that only looks.</param>
/// <param name="KeepsPath">Whether the module takes the path that it takes without the observer, which sees nothing on the native one.</param>
internal sealed record NormObserver(bool WantsShares, Func<bool> WantsNext, Action<NormRecording> OnReached, Func<StepGradient, Tensor?>? Change = null, bool KeepsPath = false)
{
    /// <summary>Whether it acts no longer, on passes that ran forward before either.</summary>
    public bool IsDetached { get; set; }
}

/// <summary>L2 norms in double, whatever the element type, that neither overflow nor underflow on the way.</summary>
internal static class TensorNorm
{
    // Sums of squares outside these bounds have lost digits, or all, to the ends of double's range.
    private const double SmallestSum = 1e-280;
    private const double LargestSum = 1e280;

    /// <summary>The norm of all elements; NaN if one is NaN.</summary>
    public static double Of(Tensor tensor)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var wide = tensor.to(ScalarType.Float64);
        var sum = wide.Squared().sum().Number();
        if (sum is > SmallestSum and < LargestSum || double.IsNaN(sum) || tensor.numel() == 0)
        {
            return Math.Sqrt(sum);
        }

        var most = wide.abs().max();
        var largest = most.Number();
        return largest is 0 or double.PositiveInfinity ? largest : largest * Math.Sqrt(wide.div(most).Squared().sum().Number());
    }
}
