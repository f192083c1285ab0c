using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The backward pass of one direction of a layer. Every thread walks its share of the batch through all time steps, last
/// to first, without meeting the others; after each chunk of steps it adds the chunk to weight gradients of its own,
/// which are summed at the end in the order of the parts.
/// </summary>
internal sealed unsafe partial class BackwardPass<C, S, V, T> : ParallelWork
    where C : struct, IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private readonly LayerShape shape;
    private readonly BackwardArguments<T> a;
    private readonly int threads;
    private readonly BackwardPlan<T> plan;
    private readonly RecordLayout<T> layout;
    private readonly T* records;
    private readonly nint recordStride;
    private BackwardMemory<T> memory;
    private Phase phase;

    private BackwardPass(in LayerShape shape, in BackwardArguments<T> arguments, int threads)
    {
        this.shape = shape;
        a = arguments;
        this.threads = threads;
        plan = new BackwardPlan<T>(shape, arguments, threads, S.Lanes, C.Columns, C.FirstHiddenColumn != C.FirstInputColumn);
        recordStride = (nint)plan.UnitBlocks * C.Slots * S.Lanes;
        layout = new RecordLayout<T>(shape.Batch * recordStride, C.NeedsTape);
        records = arguments.Forward.Tape;
    }

    private enum Phase
    {
        Pack,
        Steps,
        Shares,
        Sum,
    }

    public static void Run(in LayerShape shape, in BackwardArguments<T> arguments, int threads)
    {
        var pass = new BackwardPass<C, S, V, T>(shape, arguments, threads);
        pass.Run();
    }

    public override void Run(int part)
    {
        switch (phase)
        {
            case Phase.Pack:
                Pack(part);
                break;
            case Phase.Steps:
                var first = Partition.Start(shape.Batch, part, plan.RowParts);
                RunSteps(part, first, Partition.Start(shape.Batch, part + 1, plan.RowParts) - first);
                break;
            case Phase.Shares:
                RunShares(part);
                break;
            default:
                Sum(part);
                break;
        }
    }

    private void Run()
    {
        var count = new Arena(null);
        _ = LayOut(ref count);
        using var workspace = NativeBuffer.Rent(count.Used);
        var arena = new Arena(workspace.Pointer);
        memory = LayOut(ref arena);
        RowBlock<S, V, T>.Clear(memory.Zero, S.Lanes);
        for (var lane = 0; lane < S.Lanes; lane++)
        {
            memory.Used[lane] = plan.PaddedHidden - S.Lanes + lane < shape.Hidden ? T.One : T.Zero;
        }


        RunPhase(Phase.Pack, threads);
        RunPhase(Phase.Steps, plan.RowParts);
        if (a.NormDWeightHh != null)
        {
            RunPhase(Phase.Shares, threads);
        }

        if (a.WantsParameters)
        {
            RunPhase(Phase.Sum, threads);
        }

        SumActivationBias();
        JoinNorms();
    }

    private void RunPhase(Phase next, int parts)
    {
        phase = next;
        WorkerPool.Run(this, parts);
    }

    private BackwardMemory<T> LayOut(ref Arena arena) => new(ref arena, shape, a, plan, S.Lanes, C.Gates);

    private void Pack(int part)
    {
        var blocks = plan.UnitBlocks;
        Packing<C, S, V, T>.Backward(
            a.Forward.WeightHh, shape.Hidden, shape.Hidden, false, memory.HiddenPanels,
            Partition.Start(blocks, part, threads), Partition.Start(blocks, part + 1, threads));
        if (a.DX != null)
        {
            blocks = plan.InputBlocks;
            Packing<C, S, V, T>.Backward(
                a.Forward.WeightIh, shape.Input, shape.Hidden, true, memory.InputPanels,
                Partition.Start(blocks, part, threads), Partition.Start(blocks, part + 1, threads));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunSteps(int part, int first, int rows)
    {
        var own = memory.Part(part, plan);
        Begin(own, first, rows);
        var chunk = new ChunkRange(plan.ChunkSteps, shape.Steps);
        for (var s = shape.Steps - 1; s >= 0; s--)
        {
            chunk.Include(s);
            var at = (nint)(s - chunk.First) * rows;
            var step = new BackwardStep<T>
            {
                Rows = rows,
                UnitBlocks = plan.UnitBlocks,
                Record = records == null ? null : layout.At(records, s) + (first * recordStride),
                PreviousRecord = records == null ? null : layout.At(records, s - 1) + (first * recordStride),
                RecordStride = recordStride,
                DH = own.DH,
                DC = own.DC,
                DCTotal = own.DCTotal,
                StateStride = plan.StateStride,
                DRows = own.DRows + ((plan.KeepSteps ? (nint)s * rows : plan.KeepRows ? at : 0) * plan.DRowsStride),
                DRowsStride = plan.DRowsStride,
                DRowsColumnStride = plan.PaddedHidden,
                DActivationBias = own.ActivationSums,
            };
            var norms = NormsOf(part, s);
            ClearBeyondHidden(step.DH, rows, plan.StateStride, 1);
            ClearBeyondHidden(step.DC, HasCell ? rows : 0, plan.StateStride, 1);
            ReceiveOutputGradient(s, first, ref step, norms);
            ReadOutput(s, first, ref step, own.H);
            C.Differentiate(step);
            ClearBeyondHidden(step.DRows, rows, plan.DRowsStride, C.Columns);
            if (norms != null)
            {
                MeasureCell(norms, step);
            }

            if (s > 0 || a.DH0 != null)
            {
                MultiplyHidden(step);
            }

            if (!plan.InputAtOnce && a.DX != null)
            {
                MultiplyInput(own, step.DRows, s, s + 1, first, rows);
            }

            if (plan.TokenStride > 0)
            {
                AddTokens(own, step.DRows, s, first, rows);
            }

            if (s == chunk.First)
            {
                Consume(own, chunk.First, chunk.Last, first, rows, chunk.Last == shape.Steps);
            }
        }

        End(own, first, rows);
    }

    // Lanes beyond H are zero, or NaN where a number is not finite, for 0·∞ is. No product may take them up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ClearBeyondHidden(T* target, int rows, nint stride, int columns)
    {
        if (plan.WholeVectors)
        {
            return;
        }

        var used = S.Load(memory.Used);
        target += plan.PaddedHidden - S.Lanes;
        for (var row = 0; row < rows; row++, target += stride)
        {
            for (var column = 0; column < columns; column++)
            {
                var last = target + (column * plan.PaddedHidden);
                S.Store(last, S.WherePositive(used, S.Load(last)));
            }
        }
    }

    private void Begin(in BackwardPart<T> own, int first, int rows)
    {
        RowBlock<S, V, T>.Clear(own.DH, rows * plan.StateStride);
        RowBlock<S, V, T>.Clear(own.DC, rows * plan.StateStride);
        RowBlock<S, V, T>.Clear(own.H, rows * plan.StateStride);
        if (own.ActivationSums != null)
        {
            RowBlock<S, V, T>.Clear(own.ActivationSums, plan.PaddedHidden);
        }

        if (plan.TokenStride > 0)
        {
            RowBlock<S, V, T>.Clear(own.InputSums, memory.InputSumsSize);
        }

        var offset = (nint)first * shape.Hidden;
        if (a.DHN != null)
        {
            RowBlock<S, V, T>.Copy(own.DH, plan.StateStride, a.DHN + offset, shape.Hidden, rows, shape.Hidden);
        }

        if (a.DCN != null)
        {
            RowBlock<S, V, T>.Copy(own.DC, plan.StateStride, a.DCN + offset, shape.Hidden, rows, shape.Hidden);
        }
    }

    // own.DH holds what comes from the future. The output's part is added here only if the cell cannot read it where it is.
    private void ReceiveOutputGradient(int s, int first, ref BackwardStep<T> step, double* norms)
    {
        if (norms != null)
        {
            MeasureFuture(norms, step);
        }

        if (a.DOutput != null)
        {
            var source = a.DOutput + (shape.Time(s) * a.DOutputStepStride) + (first * a.DOutputBatchStride);
            if (plan.WholeVectors && norms == null)
            {
                step.DOutput = source;
                step.DOutputStride = a.DOutputBatchStride;
            }
            else
            {
                RowBlock<S, V, T>.Add(step.DH, plan.StateStride, source, a.DOutputBatchStride, step.Rows, shape.Hidden);
            }
        }

        if (norms != null)
        {
            MeasureHidden(norms, step);
        }
    }

    // Rows of whole vectors are read where they are.
    private void ReadOutput(int s, int first, ref BackwardStep<T> step, T* copy)
    {
        step.H = copy;
        step.HStride = plan.StateStride;
        if (C.ReadsOutput || C.ReadsPreviousOutput)
        {
            var source = Hidden(C.ReadsOutput ? s : s - 1, first, out var stride);
            if (source == null)
            {
                RowBlock<S, V, T>.Clear(copy, step.Rows * plan.StateStride);
            }
            else if (plan.WholeVectors)
            {
                step.H = source;
                step.HStride = stride;
            }
            else
            {
                RowBlock<S, V, T>.Copy(copy, plan.StateStride, source, stride, step.Rows, shape.Hidden);
            }
        }
    }

    // h after step s of the walk (s = −1: the initial state, null for zeros).
    private T* Hidden(int s, int first, out nint stride)
    {
        ref readonly var f = ref a.Forward;
        stride = s < 0 ? shape.Hidden : f.OutputBatchStride;
        return s >= 0 ? f.Output + (shape.Time(s) * f.OutputStepStride) + (first * f.OutputBatchStride)
            : f.H0 == null ? null : f.H0 + ((nint)first * shape.Hidden);
    }

    // ∂L/∂h_{t-1} from later steps: the column gradients times W_hh, on top of what the cell carried past the weights.
    private void MultiplyHidden(in BackwardStep<T> step)
    {
        nint depth = C.Gates * plan.PaddedHidden;
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = step.DRows + (C.FirstHiddenColumn * plan.PaddedHidden),
            AStride = plan.DRowsStride,
            AStep = 1,
            Rows = step.Rows,
            Depth = (int)depth,
            B = memory.HiddenPanels,
            BStride = depth * S.Lanes,
            BStep = S.Lanes,
            Vectors = plan.UnitBlocks,
            Init = C.CarriesDH ? step.DH : memory.Zero,
            InitStride = C.CarriesDH ? plan.StateStride : 0,
            InitVectorStride = C.CarriesDH ? S.Lanes : 0,
            C = step.DH,
            CStride = plan.StateStride,
            CVectorStride = S.Lanes,
        });
    }

    private void End(in BackwardPart<T> own, int first, int rows)
    {
        var offset = (nint)first * shape.Hidden;
        if (a.DH0 != null)
        {
            RowBlock<S, V, T>.Copy(a.DH0 + offset, shape.Hidden, own.DH, plan.StateStride, rows, shape.Hidden);
        }

        if (a.DC0 != null)
        {
            RowBlock<S, V, T>.Copy(a.DC0 + offset, shape.Hidden, own.DC, plan.StateStride, rows, shape.Hidden);
        }
    }
}
