using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Where a backward pass over one direction of one layer writes its norms: entry t belongs to input x_t, whichever way
/// the sequence is walked. What no gradient reaches stays zero.
/// </summary>
internal sealed class StepNorms(long steps, bool hasCell, bool withShares, Action onReached)
{
    private long _lastPosition = long.MaxValue;

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
    /// <param name="steps">The gradients of the steps.</param>
    /// <param name="dRecurrent">dq_t, T × [B, G·H].</param>
    /// <param name="before">h_{t-1}, [T, B, H]; needed for shares alone.</param>
    public void Take(StepGradients steps, Tensor dRecurrent, Tensor? before)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        Begin();
        Fill(Hidden, steps.H());
        Fill(HiddenFromFuture, steps.HFromFuture);
        if (Cell is not null)
        {
            Fill(Cell, steps.C());
            Fill(CellFromFuture!, steps.CFromFuture!);
        }

        for (var t = 0; t < Shares?.Length; t++)
        {
            using var stepScope = NewDisposeScope();
            var dQ = dRecurrent[t].to(ScalarType.Float64); // [B, G·H]
            Shares[t] = TensorNorm.Of(dQ.t().mm(before![t].to(ScalarType.Float64))); // [G·H, H]
        }
    }

    private static void Fill(double[] target, Tensor gradients)
    {
        for (var t = 0; t < target.Length; t++)
        {
            using var scope = NewDisposeScope();
            target[t] = TensorNorm.Of(gradients[t]); // [B, H]
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
