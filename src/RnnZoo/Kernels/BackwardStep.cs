using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>One time step of one thread's rows, in the backward pass.</summary>
internal unsafe struct BackwardStep<T>
    where T : unmanaged
{
    public int Rows;
    public int UnitBlocks;

    /// <summary>Tape of the first row at this step and at the step before, as in <see cref="ForwardStep{T}"/>. Read.</summary>
    public T* Record;
    public T* PreviousRecord;
    public nint RecordStride;

    /// <summary>[rows, H padded] h_t or h_{t-1}, whichever the cell asked for. Read.</summary>
    public T* H;
    public nint HStride;

    /// <summary>
    /// [rows, H padded] ∂L/∂h_t, but for what <see cref="DOutput"/> adds to it. Read; cells that carry part of it past the
    /// weights leave that part here.
    /// </summary>
    public T* DH;

    /// <summary>[rows, H padded] what comes to ∂L/∂h_t through the output, or null where it is in <see cref="DH"/>. Read.</summary>
    public T* DOutput;
    public nint DOutputStride;

    /// <summary>[rows, H padded] what comes to ∂L/∂c_t from later steps. Read, and overwritten for c_{t-1} (LSTM).</summary>
    public T* DC;

    /// <summary>[rows, H padded] ∂L/∂c_t in full, or null (LSTM). Written.</summary>
    public T* DCTotal;

    /// <summary>Stride of DH, DC and DCTotal.</summary>
    public nint StateStride;

    /// <summary>
    /// [rows, columns, H padded] gradients of the columns: the left factor of ∂L/∂h_{t-1} and ∂L/∂x, and the right factor of
    /// the weight gradients. Written.
    /// </summary>
    public T* DRows;
    public nint DRowsStride;
    public nint DRowsColumnStride;

    /// <summary>[H padded] the part's gradient of the bias inside the nonlinearity (modReLU), or null. Added to.</summary>
    public T* DActivationBias;

    /// <summary>A row of <see cref="DOutput"/>, or null.</summary>
    public readonly T* DOutputRow(int row) => DOutput == null ? null : DOutput + (row * DOutputStride);

    /// <summary>∂L/∂h_t of one vector: a row's elements from <paramref name="unit"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V StateGradient<S, V>(T* dH, T* dOutput, nint unit)
        where S : struct, ISimd<V, T>
        where V : struct
    {
        var dh = S.Load(dH + unit);
        return dOutput == null ? dh : S.Add(dh, S.Load(dOutput + unit));
    }
}
