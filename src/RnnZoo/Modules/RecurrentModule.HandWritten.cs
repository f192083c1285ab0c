using RnnZoo.Bptt;

namespace RnnZoo.Modules;

// What only the hand-written path has.
public abstract partial class RecurrentModule<TState, TResult>
{
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

    /// <summary>The hand-written path, for tests that plant errors in it.</summary>
    internal HandWrittenRecurrence? HandWritten => _handWritten;

    /// <inheritdoc/>
    /// <exception cref="BackwardFailedException">A backward pass of the hand-written path failed since the last call.</exception>
    public void ThrowIfFailed() => _handWritten?.Failures.ThrowIfFailed();
}
