namespace RnnZoo.Kernels;

/// <summary>
/// C[row, vector] = Init[row, vector] + Σ_k A[row, k] · B[vector][k], where a vector is one register of columns and
/// B[vector] is for each k one register's worth of the right factor: a packed panel of weights, or columns of dense rows.
/// All strides are in elements.
/// </summary>
internal unsafe struct GemmArguments<T>
    where T : unmanaged
{
    /// <summary>[Rows, Depth] the left factor, element k of row r at A + r·AStride + k·AStep. Read.</summary>
    public T* A;
    public nint AStride;
    public nint AStep;
    public int Rows;

    /// <summary>How many k are summed.</summary>
    public int Depth;

    /// <summary>Vector v of k at B + v·BStride + k·BStep: BStep is Lanes in a packed panel, the length of a row in dense rows. Read.</summary>
    public T* B;
    public nint BStride;
    public nint BStep;
    public int Vectors;

    /// <summary>Start values of row r and vector v at Init + r·InitStride + v·InitVectorStride (stride 0: the same for all). Read.</summary>
    public T* Init;
    public nint InitStride;
    public nint InitVectorStride;

    /// <summary>Result of row r and vector v at C + r·CStride + v·CVectorStride. Written; may be Init itself.</summary>
    public T* C;
    public nint CStride;
    public nint CVectorStride;

    /// <summary>
    /// Whether few rows take the vectors last to first. Every other step of a recurrence does: weights larger than the
    /// first-level cache, read in the same order each time, would always have been pushed out just before their turn.
    /// </summary>
    public bool Descending;
}
