namespace RnnZoo.Kernels;

/// <summary>Where <see cref="MinGruKernel"/> reads and writes: dense arrays of T steps of N = B·H entries, or of N entries.</summary>
internal unsafe struct MinGruArguments<T>
    where T : unmanaged
{
    /// <summary>T.</summary>
    public int Steps;

    /// <summary>N: the entries of a step.</summary>
    public nint Entries;

    /// <summary>Whether the sequence is walked from T - 1 to 0.</summary>
    public bool Reverse;

    /// <summary>a [T, N]: read forward.</summary>
    public T* GateProduct;

    /// <summary>g [T, N]: read forward.</summary>
    public T* CandidateProduct;

    /// <summary>z [T, N]: written forward, read back. May be <see cref="GateProduct"/>.</summary>
    public T* Gate;

    /// <summary>g [T, N] once more: written forward, read back. May be <see cref="CandidateProduct"/>.</summary>
    public T* Candidate;

    /// <summary>The state before the first step of the walk [N].</summary>
    public T* H0;

    /// <summary>h [T, N]: written forward, read back.</summary>
    public T* Output;

    /// <summary>h [T, N] once more, for a caller who may change it before the backward pass; or null. Written.</summary>
    public T* OutputCopy;

    /// <summary>∂L/∂h of each step from outside [T, N]; null for zero.</summary>
    public T* DOutput;

    /// <summary>∂L/∂h_n on entry, ∂L/∂h_0 on return [N].</summary>
    public T* DState;

    /// <summary>∂L/∂a [T, N], written.</summary>
    public T* DGate;

    /// <summary>∂L/∂g [T, N], written.</summary>
    public T* DCandidate;

    /// <summary>What reaches h from the later steps of the walk [T, N], written; null where nobody asks.</summary>
    public T* DFuture;

    /// <summary>The row that a step of the walk reads.</summary>
    public readonly nint Row(int step) => (Reverse ? Steps - 1 - step : step) * Entries;

    /// <summary>The state before a step of the walk.</summary>
    public readonly T* Before(int step) => step == 0 ? H0 : Output + Row(step - 1);
}
