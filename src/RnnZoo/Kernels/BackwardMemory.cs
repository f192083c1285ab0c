namespace RnnZoo.Kernels;

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
        nint parts = plan.WholeSequence ? Math.Max(plan.RowParts, plan.GradientParts) : plan.RowParts;
        nint depth = gates * plan.PaddedHidden;
        Zero = arena.Take<T>(lanes);
        HiddenPanels = arena.Take<T>(plan.PaddedHidden * depth);
        InputPanels = arena.Take<T>(a.DX == null ? 0 : (nint)plan.InputBlocks * lanes * depth);
        Norms = arena.Take<double>(a.WantsNorms ? 4 * (nint)plan.RowParts * shape.Steps : 0);

        statesStride = plan.MaxRows * plan.StateStride;
        states = arena.Take<T>(3 * plan.RowParts * statesStride);
        cellTotals = a.WantsNorms && shape.Cell == CellKind.Lstm ? arena.Take<T>(plan.RowParts * statesStride) : null;
        dRowsStride = plan.StoredRows * plan.DRowsStride;
        dRows = arena.Take<T>((plan.WholeSequence ? 1 : plan.RowParts) * dRowsStride);
        dXStride = a.DX == null ? 0 : plan.DXRows * plan.DXStride;
        dX = arena.Take<T>(parts * dXStride);

        var wanted = a.WantsParameters;
        hiddenFeatures = plan.ChunkRows * plan.InputFeaturesStride;
        featuresStride = wanted ? plan.ChunkRows * (plan.InputFeaturesStride + plan.HiddenFeaturesStride) : 0;
        features = arena.Take<T>(parts * featuresStride);
        InputSumsSize = plan.TokenStride > 0 ? plan.TokenStride * shape.Input : wanted ? depth * plan.InputFeatures : 0;
        HiddenSumsSize = wanted ? depth * plan.HiddenFeatures : 0;
        InputSumsStride = Stride.Padded<T>(InputSumsSize);
        HiddenSumsStride = Stride.Padded<T>(HiddenSumsSize);
        inputSums = arena.Take<T>(parts * InputSumsStride);
        hiddenSums = arena.Take<T>(parts * HiddenSumsStride);
        activationSums = a.DActivationBias == null ? null : arena.Take<T>(plan.RowParts * Stride.Padded<T>(plan.PaddedHidden));
        sharesStride = a.NormDWeightHh == null ? 0 : ShareMemory<T>.Elements(shape, plan, lanes);
        shares = arena.Take<T>(plan.GradientParts * sharesStride);
    }

    /// <summary>One vector of zeros.</summary>
    public T* Zero { get; }

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
        var state = states + (3 * Math.Min(part, plan.RowParts - 1) * statesStride);
        var shared = plan.WholeSequence ? 0 : part;
        return new BackwardPart<T>
        {
            DH = state,
            DC = state + statesStride,
            H = state + (2 * statesStride),
            DCTotal = cellTotals == null ? null : cellTotals + (Math.Min(part, plan.RowParts - 1) * statesStride),
            DRows = dRows + (shared * dRowsStride),
            DX = dX + (part * dXStride),
            InputFeatures = features + (part * featuresStride),
            HiddenFeatures = features + (part * featuresStride) + hiddenFeatures,
            InputSums = inputSums + (part * InputSumsStride),
            HiddenSums = hiddenSums + (part * HiddenSumsStride),
            ActivationSums = activationSums == null ? null : activationSums + (Math.Min(part, plan.RowParts - 1) * Stride.Padded<T>(plan.PaddedHidden)),
        };
    }
}
