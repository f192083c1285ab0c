namespace RnnZoo.Kernels;

/// <summary>How a backward pass is cut up: sizes and strides (in elements) that all its parts agree on.</summary>
internal readonly unsafe struct BackwardPlan<T>
    where T : unmanaged
{
    // Enough rows that loading and storing the sums is small beside adding to them; few enough that a chunk stays in the
    // second-level cache.
    private const int ChunkTarget = 160;

    // Up to this many bytes of packed weights, ∂L/∂x is multiplied step by step, while the column gradients are hot.
    private const long StepwiseBytes = 384 * 1024;

    public BackwardPlan(in LayerShape shape, in BackwardArguments<T> a, int threads, int lanes, int columns, bool ownHiddenBias)
    {
        RowParts = Math.Min(threads, shape.Batch);
        GradientParts = threads;
        MaxRows = (shape.Batch + RowParts - 1) / RowParts;
        WholeSequence = RowParts < threads && shape.Steps > 1;
        UnitBlocks = (shape.Hidden + lanes - 1) / lanes;
        PaddedHidden = (nint)UnitBlocks * lanes;
        WholeVectors = PaddedHidden == shape.Hidden;
        StateStride = Stride.OddLines<T>(PaddedHidden);
        InputBlocks = (shape.Input + lanes - 1) / lanes;

        var rows = WholeSequence ? shape.Batch : MaxRows;
        ChunkSteps = Math.Clamp((ChunkTarget + (rows / 2)) / rows, 1, shape.Steps);
        ChunkRows = ChunkSteps * rows;
        var weights = (long)shape.Gates * shape.Hidden * (shape.Input + shape.Hidden) * sizeof(T);
        InputAtOnce = WholeSequence || weights > StepwiseBytes || rows <= 2;
        KeepRows = WholeSequence || a.WantsParameters || (a.DX != null && InputAtOnce);
        KeepSteps = a.NormDWeightHh != null && !WholeSequence;
        StoredRows = WholeSequence ? (nint)shape.Steps * shape.Batch : KeepSteps ? (nint)shape.Steps * MaxRows : KeepRows ? ChunkRows : rows;
        DRowsStride = Stride.OddLines<T>(columns * PaddedHidden);
        DXStride = Stride.OddLines<T>((nint)InputBlocks * lanes);
        DXRows = InputAtOnce ? ChunkRows : rows;

        InputFeatures = a.Forward.Tokens != null ? 0 : (a.DWeightIh != null ? shape.Input : 0) + 1;
        TokenStride = a.Forward.Tokens != null && (a.DWeightIh != null || a.DBiasIh != null || (a.DBiasHh != null && !ownHiddenBias))
            ? shape.Gates * PaddedHidden
            : 0;
        HiddenWidth = a.DWeightHh != null ? shape.Hidden : 0;
        HiddenBias = ownHiddenBias && a.DBiasHh != null;
        HiddenFeatures = HiddenWidth + (HiddenBias ? 1 : 0);
        InputFeaturesStride = InputFeatures == 0 ? 0 : Stride.OddLines<T>(InputFeatures);
        HiddenFeaturesStride = HiddenFeatures == 0 ? 0 : Stride.OddLines<T>(HiddenFeatures);
    }

    /// <summary>Parts that the batch is split into; the rest of the threads has no part in the recurrence.</summary>
    public int RowParts { get; }

    /// <summary>Parts of the gradients' phase in whole-sequence mode.</summary>
    public int GradientParts { get; }

    /// <summary>Rows of the largest part of the batch.</summary>
    public int MaxRows { get; }

    /// <summary>Whether the column gradients of all steps are kept, and consumed after the recurrence.</summary>
    public bool WholeSequence { get; }

    /// <summary>Blocks of one vector in H and in I; H rounded up to whole blocks.</summary>
    public int UnitBlocks { get; }

    public int InputBlocks { get; }

    public nint PaddedHidden { get; }

    /// <summary>Whether H is so many whole vectors: then the caller's rows can be read as the working ones are.</summary>
    public bool WholeVectors { get; }

    public nint StateStride { get; }

    /// <summary>Steps, and rows, whose column gradients are consumed together, at most.</summary>
    public int ChunkSteps { get; }

    public int ChunkRows { get; }

    /// <summary>Whether ∂L/∂x is multiplied for a chunk of steps at once, and not step by step.</summary>
    public bool InputAtOnce { get; }

    /// <summary>Whether column gradients are kept until their chunk is consumed.</summary>
    public bool KeepRows { get; }

    /// <summary>Whether they are kept to the end, in each part, for the norms of the steps' own terms.</summary>
    public bool KeepSteps { get; }

    /// <summary>Rows of column gradients kept (per part, or in all if WholeSequence).</summary>
    public nint StoredRows { get; }

    public nint DRowsStride { get; }

    public nint DXStride { get; }

    public int DXRows { get; }

    /// <summary>From one token's gradient to the next one's; 0 if there are none, or none are wanted.</summary>
    public nint TokenStride { get; }

    /// <summary>x's elements if dW_ih is wanted, and 1 (none for tokens); h's elements if dW_hh is wanted, and 1 if b_hh has a gradient of its own.</summary>
    public int InputFeatures { get; }

    public int HiddenFeatures { get; }

    public nint InputFeaturesStride { get; }

    public nint HiddenFeaturesStride { get; }

    public int HiddenWidth { get; }

    public bool HiddenBias { get; }
}
