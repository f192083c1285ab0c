using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The product [x_t | h_{t-1}] · [W_ih | W_hh]ᵀ + b of one step and one thread's rows, ready to be asked for by columns.
/// </summary>
internal unsafe struct StepProduct<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>[rows, I + H] input and previous state side by side. Read.</summary>
    public T* Rows;
    public nint RowStride;
    public int RowCount;

    /// <summary>I and H.</summary>
    public int Input;
    public int Hidden;

    /// <summary>[unit block, column][I + H, lanes] packed weights, and [unit block, column, lanes] biases. Read.</summary>
    public T* Panels;
    public T* Bias;

    /// <summary>Tape of the first row. Written (read too where the input's share is there already).</summary>
    public T* Record;
    public nint RecordStride;

    /// <summary>Whether the tape already holds b + W_ih·x_t.</summary>
    public bool InputDone;

    /// <summary>As in <see cref="GemmArguments{T}.Descending"/>: for the order of vectors, and for the cell's order of products.</summary>
    public bool Descending;

    /// <summary>Elements of one panel.</summary>
    public readonly nint PanelSize => (nint)(Input + Hidden) * S.Lanes;

    /// <summary>
    /// Vectors first, first + columnStep, … (count of them; a vector is unitBlock·columns + column), whose results lie
    /// slotStep vectors apart from the slot on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int columnStep, int count, int slot, int slotStep, bool input = true, bool hidden = true)
    {
        var fromRecord = InputDone && input;
        var start = input && !InputDone ? 0 : Input;
        var record = Record + ((nint)slot * S.Lanes);
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = Rows + start,
            AStride = RowStride,
            AStep = 1,
            Rows = RowCount,
            Depth = hidden ? Input + Hidden - start : Input - start,
            B = Panels + (first * PanelSize) + ((nint)start * S.Lanes),
            BStride = columnStep * PanelSize,
            BStep = S.Lanes,
            Vectors = count,
            Init = fromRecord ? record : Bias + ((nint)first * S.Lanes),
            InitStride = fromRecord ? RecordStride : 0,
            InitVectorStride = (nint)(fromRecord ? slotStep : columnStep) * S.Lanes,
            C = record,
            CStride = RecordStride,
            CVectorStride = (nint)slotStep * S.Lanes,
            Descending = Descending,
        });
    }
}
