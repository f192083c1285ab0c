namespace RnnZoo.Kernels;

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
