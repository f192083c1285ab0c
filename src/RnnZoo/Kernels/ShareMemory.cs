namespace RnnZoo.Kernels;

/// <summary>What one part works in to find the norms of the steps' own terms of ∂L/∂W_hh.</summary>
internal readonly unsafe struct ShareMemory<T>
    where T : unmanaged
{
    /// <summary>Rows are taken four at a time; those that are missing are zero.</summary>
    public const int RowBlock = 4;

    public ShareMemory(T* start, in LayerShape shape, in BackwardPlan<T> plan)
    {
        var rows = Rows(shape);
        DQ = start;
        H = start + (rows * shape.Gates * plan.PaddedHidden);
        Product = H + (rows * plan.PaddedHidden);
    }

    /// <summary>dq_t, as rows [B padded, G·H padded] or as panels [vector][B, lanes].</summary>
    public T* DQ { get; }

    /// <summary>h_{t-1} [B padded, H padded].</summary>
    public T* H { get; }

    /// <summary>[H, 2 lanes] columns of the product.</summary>
    public T* Product { get; }

    public static nint Elements(in LayerShape shape, in BackwardPlan<T> plan, int lanes) =>
        Stride.Padded<T>((Rows(shape) * (shape.Gates + 1) * plan.PaddedHidden) + ((nint)shape.Hidden * 2 * lanes));

    private static nint Rows(in LayerShape shape) => ((nint)shape.Batch + RowBlock - 1) / RowBlock * RowBlock;
}
