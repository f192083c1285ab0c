namespace RnnZoo.Kernels;

/// <summary>
/// What tells one recurrence from another. Hidden units are taken in blocks of one vector. Each unit has
/// <see cref="Columns"/> pre-activations ("columns"); the tape keeps <see cref="Slots"/> values per unit and step, the
/// columns' first (as pre-activations until <see cref="Activate"/> turns them into gates).
/// </summary>
internal unsafe interface ICell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>G: gates in PyTorch's weights.</summary>
    static abstract int Gates { get; }

    /// <summary>Pre-activations per unit; more than G where input and state must not be summed (GRU's n).</summary>
    static abstract int Columns { get; }

    /// <summary>Values kept per unit and step.</summary>
    static abstract int Slots { get; }

    /// <summary>The G columns from here on read the input.</summary>
    static abstract int FirstInputColumn { get; }

    /// <summary>The G columns from here on read the previous state.</summary>
    static abstract int FirstHiddenColumn { get; }

    /// <summary>PyTorch's number of the gate behind an input column, or a hidden column.</summary>
    static abstract int InputGate(int column);

    static abstract int HiddenGate(int column);

    /// <summary>The slot that holds the cell state, or −1 where there is none.</summary>
    static abstract int CellStateSlot { get; }

    /// <summary>Whether the tape outlives its step (otherwise the output is tape enough).</summary>
    static abstract bool NeedsTape { get; }

    /// <summary>Whether the backward step reads h_t, or h_{t-1}, from the forward pass's output.</summary>
    static abstract bool ReadsOutput { get; }

    static abstract bool ReadsPreviousOutput { get; }

    /// <summary>Whether part of ∂L/∂h_{t-1} does not go through the weights; the backward step leaves it in DH.</summary>
    static abstract bool CarriesDH { get; }

    /// <summary>Pre-activations of units [unit, unit + count) for all rows of the step.</summary>
    static abstract void Multiply(in StepProduct<S, V, T> product, int unit, int count);

    /// <summary>Pre-activations to gates, state and output, for the same units.</summary>
    static abstract void Activate(in ForwardStep<T> step, int unit, int count);

    /// <summary>From ∂L/∂h_t to the gradients of the columns, for all units.</summary>
    static abstract void Differentiate(in BackwardStep<T> step);
}
