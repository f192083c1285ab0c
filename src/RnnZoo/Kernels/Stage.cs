namespace RnnZoo.Kernels;

/// <summary>
/// Where the records of a step lie: one set per step, after one for the initial cell state; or, where no step's records
/// are needed later, a single set that all steps share.
/// </summary>
internal readonly unsafe struct Stage<T>(nint stepSize, bool perStep)
    where T : unmanaged
{
    /// <summary>From one step's records to the next one's.</summary>
    public nint StepStride => perStep ? stepSize : 0;

    public nint Elements(int steps) => perStep ? (steps + 1) * stepSize : stepSize;

    public T* Initial(T* records) => records;

    public T* At(T* records, int step) => records + ((step + 1) * StepStride);
}
