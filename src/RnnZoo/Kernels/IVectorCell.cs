using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// What tells one recurrence from another. Hidden units are taken in blocks of one vector. Each unit has
/// <see cref="Columns"/> pre-activations ("columns"); the tape keeps <see cref="Slots"/> values per unit and step, the
/// columns' first (as pre-activations until <see cref="Activate"/> turns them into gates).
/// </summary>
internal unsafe interface IVectorCell<S, V, T>
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
        });
    }
}

/// <summary>One time step of one thread's rows, in the forward pass. A unit block is one vector of hidden units.</summary>
internal unsafe struct ForwardStep<T>
    where T : unmanaged
{
    public int Rows;

    /// <summary>Tape of the first row at this step: [rows, unit blocks, slots, lanes]. Read and written.</summary>
    public T* Record;

    /// <summary>The same at the step before, or Record itself where no tape is kept. Read.</summary>
    public T* PreviousRecord;
    public nint RecordStride;

    /// <summary>[rows, H padded] h_{t-1}. Read.</summary>
    public T* HPrevious;

    /// <summary>[rows, H padded] h_t. Written.</summary>
    public T* H;
    public nint HStride;

    /// <summary>[H padded] the bias inside the nonlinearity (modReLU). Read.</summary>
    public T* ActivationBias;
}

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

    /// <summary>Whether <see cref="DC"/> holds ∂L/∂c_t in full already.</summary>
    public bool CellGiven;

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
