using RnnZoo.Bptt;

namespace RnnZoo.Modules;

// What shows the gradients inside, and what goes wrong there.
public abstract partial class RecurrentModule<TState, TResult>
{
    private readonly NormObservers _norms = new();
    private readonly BackwardFailures _failures;

    NormObservers INormSource.Norms => _norms;

    /// <summary>
    /// Is called during the backward pass of the hand-written path with ∂L/∂h_t, and ∂L/∂c_t of an LSTM, at every step, once
    /// for each direction of each layer; null for none. It takes effect at the next forward pass.
    /// </summary>
    /// <remarks>The tensors are disposed when the call returns: take numbers or copies. What it throws counts as a failure of the backward pass.</remarks>
    /// <exception cref="NotSupportedException">The module has no hand-written path.</exception>
    public Action<LayerStepGradients>? StepGradientObserver
    {
        get => _handWritten?.Observer;
        set
        {
            if (_handWritten is not null)
            {
                _handWritten.Observer = value;
            }
            else if (value is not null)
            {
                throw new NotSupportedException($"StepGradientObserver: {GetName()} has no hand-written path.");
            }
        }
    }

    HandWrittenRecurrence? IHandWritten.HandWritten => _handWritten;

    /// <summary>The hand-written path, for tests that plant errors in it.</summary>
    internal HandWrittenRecurrence? HandWritten => _handWritten;

    /// <inheritdoc/>
    /// <exception cref="BackwardFailedException">A backward pass of this module failed since the last call.</exception>
    public void ThrowIfFailed() => _failures.ThrowIfFailed();

    private void CheckSeen(BackwardPath path)
    {
        if (path == BackwardPath.Native && _norms.Any)
        {
            throw new NotSupportedException($"Backward: expected Auto, Autograd or HandWritten while gradients of {GetName()} are traced, got Native, which shows no gradient of a step; detach the trace first.");
        }
    }
}
