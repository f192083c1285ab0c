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
        Bounds = shape.Parts(a.Change is null ? Math.Min(threads, shape.Batch) : 1);
        ShareParts = threads;
        Starts = new RowStarts[RowParts];
        for (var part = 0; part < RowParts; part++)
        {
            Starts[part] = new RowStarts(shape, Bounds[part], Bounds[part + 1] - Bounds[part]);
            MaxRows = Math.Max(MaxRows, Bounds[part + 1] - Bounds[part]);
            MaxPartRows = nint.Max(MaxPartRows, Starts[part][shape.Steps]);
        }

        UnitBlocks = (shape.Hidden + lanes - 1) / lanes;
        PaddedHidden = (nint)UnitBlocks * lanes;
        WholeVectors = PaddedHidden == shape.Hidden;
        StateStride = Stride.OddLines<T>(PaddedHidden);
        InputBlocks = (shape.Input + lanes - 1) / lanes;

        ChunkSteps = Math.Clamp((ChunkTarget + (MaxRows / 2)) / MaxRows, 1, shape.Steps);
        ChunkRows = ChunkSteps * MaxRows;
        var weights = (long)shape.Gates * shape.Hidden * (shape.Input + shape.Hidden) * sizeof(T);
        InputAtOnce = weights > StepwiseBytes || MaxRows <= 2;
        KeepRows = a.WantsParameters || (a.DX != null && InputAtOnce);
        KeepSteps = a.NormDWeightHh != null;
        StoredRows = KeepSteps ? MaxPartRows : KeepRows ? ChunkRows : MaxRows;
        DRowsStride = Stride.OddLines<T>(columns * PaddedHidden);
        DXStride = Stride.OddLines<T>((nint)InputBlocks * lanes);
        DXRows = InputAtOnce ? ChunkRows : MaxRows;

        InputFeatures = a.Forward.Tokens != null ? 0 : (a.DWeightIh != null ? shape.Input : 0) + 1;
        TokenStride = a.Forward.Tokens != null && (a.DWeightIh != null || a.DBiasIh != null || (a.DBiasHh != null && !ownHiddenBias))
            ? shape.Gates * PaddedHidden
            : 0;
        HiddenWidth = a.DWeightHh != null ? shape.Hidden : 0;
        HiddenBias = ownHiddenBias && a.DBiasHh != null;
        HiddenFeatures = HiddenWidth + (HiddenBias ? 1 : 0);
        WritesGradients = RowParts == 1 && MaxPartRows <= ChunkRows && a.Forward.Tokens == null && WholeVectors && (a.DWeightIh == null || shape.Input % lanes == 0);
        InputFeaturesStride = InputFeatures == 0 ? 0 : Stride.OddLines<T>(InputFeatures);
        HiddenFeaturesStride = HiddenFeatures == 0 ? 0 : Stride.OddLines<T>(HiddenFeatures);
    }

    /// <summary>Parts that the batch is split into; the rest of the threads has no part in it.</summary>
    public int RowParts => Bounds.Length - 1;

    /// <summary>The first sequence of each part, and B.</summary>
    public int[] Bounds { get; }

    /// <summary>How many rows of each part come before each step of the walk.</summary>
    public RowStarts[] Starts { get; }

    /// <summary>Rows of the part that has most, over all steps.</summary>
    public nint MaxPartRows { get; }

    /// <summary>Parts that the steps are split into for the norms of their own terms.</summary>
    public int ShareParts { get; }

    /// <summary>Sequences of the largest part of the batch.</summary>
    public int MaxRows { get; }

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

    /// <summary>Whether the weight gradients are written where they belong, without sums: one thread takes all rows in one chunk, and the rows of the gradients are whole vectors.</summary>
    public bool WritesGradients { get; }

    /// <summary>Whether ∂L/∂x is multiplied for a chunk of steps at once, and not step by step.</summary>
    public bool InputAtOnce { get; }

    /// <summary>Whether column gradients are kept until their chunk is consumed.</summary>
    public bool KeepRows { get; }

    /// <summary>Whether they are kept to the end, in each part, for the norms of the steps' own terms.</summary>
    public bool KeepSteps { get; }

    /// <summary>Rows of column gradients kept, in each part.</summary>
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

/// <summary>How many rows of some sequences come before each step of the walk; before step T, all of them.</summary>
internal readonly struct RowStarts
{
    private readonly nint _rows;
    private readonly nint[]? _starts; // where steps differ

    public RowStarts(in LayerShape shape, int first, int rows)
    {
        _rows = rows;
        if (shape.Sizes is null)
        {
            return;
        }

        _starts = new nint[shape.Steps + 1];
        for (var s = 0; s < shape.Steps; s++)
        {
            _starts[s + 1] = _starts[s] + shape.Rows(s, first, rows);
        }
    }

    public nint this[int step] => _starts is null ? step * _rows : _starts[step];
}

/// <summary>The working memory of a backward pass.</summary>
internal readonly unsafe struct BackwardMemory<T>
    where T : unmanaged
{
    private readonly T* states;
    private readonly nint statesStride;
    private readonly T* dRows;
    private readonly nint dRowsStride;
    private readonly T* dX;
    private readonly nint dXStride;
    private readonly T* features;
    private readonly nint hiddenFeatures;
    private readonly nint featuresStride;
    private readonly T* cellTotals;
    private readonly T* shares;
    private readonly nint sharesStride;
    private readonly T* inputSums;
    private readonly T* hiddenSums;
    private readonly T* activationSums;

    public BackwardMemory(
        ref Arena arena, in LayerShape shape, in BackwardArguments<T> a, in BackwardPlan<T> plan, int lanes, int gates)
    {
        nint parts = plan.RowParts;
        nint depth = gates * plan.PaddedHidden;
        Zero = arena.Take<T>(lanes);
        Used = arena.Take<T>(lanes);
        HiddenPanels = arena.Take<T>(plan.PaddedHidden * depth);
        InputPanels = arena.Take<T>(a.DX == null ? 0 : (nint)plan.InputBlocks * lanes * depth);
        Norms = arena.Take<double>(a.WantsNorms ? 4 * (nint)plan.RowParts * shape.Steps : 0);

        statesStride = plan.MaxRows * plan.StateStride;
        states = arena.Take<T>(3 * plan.RowParts * statesStride);
        cellTotals = (a.WantsNorms || a.Change is not null) && shape.Cell == CellKind.Lstm ? arena.Take<T>(plan.RowParts * statesStride) : null;
        dRowsStride = plan.StoredRows * plan.DRowsStride;
        dRows = arena.Take<T>(parts * dRowsStride);
        dXStride = a.DX == null ? 0 : plan.DXRows * plan.DXStride;
        dX = arena.Take<T>(parts * dXStride);

        var wanted = a.WantsParameters;
        hiddenFeatures = plan.ChunkRows * plan.InputFeaturesStride;
        featuresStride = wanted ? plan.ChunkRows * (plan.InputFeaturesStride + plan.HiddenFeaturesStride) : 0;
        features = arena.Take<T>(parts * featuresStride);
        var summed = wanted && !plan.WritesGradients;
        InputSumsSize = plan.TokenStride > 0 ? plan.TokenStride * shape.Input : summed ? depth * plan.InputFeatures : 0;
        HiddenSumsSize = summed ? depth * plan.HiddenFeatures : 0;
        InputSumsStride = Stride.Padded<T>(InputSumsSize);
        HiddenSumsStride = Stride.Padded<T>(HiddenSumsSize);
        inputSums = arena.Take<T>(parts * InputSumsStride);
        hiddenSums = arena.Take<T>(parts * HiddenSumsStride);
        activationSums = a.DActivationBias == null ? null : arena.Take<T>(plan.RowParts * Stride.Padded<T>(plan.PaddedHidden));
        sharesStride = a.NormDWeightHh == null ? 0 : ShareMemory<T>.Elements(shape, plan, lanes);
        shares = arena.Take<T>(plan.ShareParts * sharesStride);
    }

    /// <summary>One vector of zeros.</summary>
    public T* Zero { get; }

    /// <summary>One vector: 1 in the lanes of the last block of units that H reaches, else 0.</summary>
    public T* Used { get; }

    /// <summary>[block of H][G, H padded, lanes] W_hh, and [block of I][G, H padded, lanes] W_ih.</summary>
    public T* HiddenPanels { get; }

    public T* InputPanels { get; }

    /// <summary>[row part][T][4] norms: all of ∂L/∂h_t, its part from the future, and the same of ∂L/∂c_t.</summary>
    public double* Norms { get; }

    public nint InputSumsStride { get; }

    public nint HiddenSumsStride { get; }

    public nint InputSumsSize { get; }

    public nint HiddenSumsSize { get; }

    /// <summary>What one part of the shares' phase works in.</summary>
    public ShareMemory<T> Shares(int part, in LayerShape shape, in BackwardPlan<T> plan) => new(shares + (part * sharesStride), shape, plan);

    /// <summary>The memory of one part.</summary>
    public BackwardPart<T> Part(int part, in BackwardPlan<T> plan)
    {
        var state = states + (3 * part * statesStride);
        return new BackwardPart<T>
        {
            DH = state,
            DC = state + statesStride,
            H = state + (2 * statesStride),
            DCTotal = cellTotals == null ? null : cellTotals + (part * statesStride),
            DRows = dRows + (part * dRowsStride),
            DX = dX + (part * dXStride),
            InputFeatures = features + (part * featuresStride),
            HiddenFeatures = features + (part * featuresStride) + hiddenFeatures,
            InputSums = inputSums + (part * InputSumsStride),
            HiddenSums = hiddenSums + (part * HiddenSumsStride),
            ActivationSums = activationSums == null ? null : activationSums + (part * Stride.Padded<T>(plan.PaddedHidden)),
        };
    }
}

/// <summary>What one part of a backward pass works in. The layouts are those of <see cref="BackwardStep{T}"/>.</summary>
internal unsafe struct BackwardPart<T>
    where T : unmanaged
{
    public T* DH;
    public T* DC;
    public T* H;
    public T* DCTotal;
    public T* DRows;

    /// <summary>[rows, I padded] ∂L/∂x before it goes to the caller.</summary>
    public T* DX;

    /// <summary>[chunk rows, features] x_t and h_{t-1}, each followed by 1 where a bias is to be had: the left factors of the weight gradients.</summary>
    public T* InputFeatures;
    public T* HiddenFeatures;

    /// <summary>[gate, unit block][features, lanes] the part's weight gradients so far.</summary>
    public T* InputSums;
    public T* HiddenSums;

    /// <summary>[H padded] gradient of the bias inside the nonlinearity, or null.</summary>
    public T* ActivationSums;
}
