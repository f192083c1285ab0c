using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The backward pass of one direction of a layer. Every thread walks its share of the batch through all time steps, last
/// to first, without meeting the others; after each chunk of steps it adds the chunk to weight gradients of its own,
/// which are summed at the end in the order of the parts. Where there is one part and one chunk, that is the gradient.
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
        layout = new RecordLayout<T>(shape, recordStride, C.NeedsTape);
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
                RunSteps(part, plan.Bounds[part], plan.Bounds[part + 1] - plan.Bounds[part]);
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

        if (a.WantsParameters && !plan.WritesGradients)
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
        Clear(own, part, rows);
        var starts = plan.Starts[part];
        var chunk = new ChunkRange(starts, shape.Sizes is null ? plan.ChunkSteps * rows : plan.ChunkRows);
        for (var (s, later) = (shape.Steps - 1, 0); s >= 0; s--)
        {
            var active = shape.Rows(s, first, rows);
            Begin(own, first, later, active);
            later = active;
            if (active == 0)
            {
                continue;
            }

            chunk.Include(s);
            var step = new BackwardStep<T>
            {
                Rows = active,
                UnitBlocks = plan.UnitBlocks,
                Record = records == null ? null : layout.At(records, s) + (first * recordStride),
                PreviousRecord = records == null ? null : layout.At(records, s - 1) + (first * recordStride),
                RecordStride = recordStride,
                DH = own.DH,
                DC = own.DC,
                DCTotal = own.DCTotal,
                StateStride = plan.StateStride,
                DRows = own.DRows + ((plan.KeepSteps ? starts[s] : plan.KeepRows ? starts[s] - starts[chunk.First] : 0) * plan.DRowsStride),
                DRowsStride = plan.DRowsStride,
                DRowsColumnStride = plan.PaddedHidden,
                DActivationBias = own.ActivationSums,
            };
            var norms = NormsOf(part, s);
            ClearBeyondHidden(step.DH, active, plan.StateStride, 1);
            ClearBeyondHidden(step.DC, HasCell ? active : 0, plan.StateStride, 1);
            ReceiveOutputGradient(s, first, ref step, norms);
            ReadOutput(s, first, ref step, own.H);
            C.Differentiate(step);
            ChangeCell(s, ref step);
            ClearBeyondHidden(step.DRows, active, plan.DRowsStride, C.Columns);
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
                MultiplyInput(own, step.DRows, s, s + 1, first, part);
            }

            if (plan.TokenStride > 0)
            {
                AddTokens(own, step.DRows, s, first, active);
            }

            if (s == chunk.First)
            {
                Consume(own, chunk, first, part);
            }

            End(own, first, shape.Rows(s - 1, first, rows), active);
        }
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

    private void Clear(in BackwardPart<T> own, int part, int rows)
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

        if (a.WantsNorms)
        {
            new Span<double>(memory.Norms + ((nint)part * shape.Steps * NormKinds), shape.Steps * NormKinds).Clear();
        }
    }

    // The walk back comes to the last step of a part's sequences [from, to), if there are any.
    private void Begin(in BackwardPart<T> own, int first, int from, int to)
    {
        var (offset, row) = ((nint)(first + from) * shape.Hidden, from * plan.StateStride);
        if (a.DHN != null)
        {
            RowBlock<S, V, T>.Copy(own.DH + row, plan.StateStride, a.DHN + offset, shape.Hidden, to - from, shape.Hidden);
        }

        if (a.DCN != null)
        {
            RowBlock<S, V, T>.Copy(own.DC + row, plan.StateStride, a.DCN + offset, shape.Hidden, to - from, shape.Hidden);
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
            var source = a.DOutput + shape.Offset(s, a.DOutputStepStride, a.DOutputBatchStride) + (first * a.DOutputBatchStride);
            if (plan.WholeVectors && norms == null && a.Change is null)
            {
                step.DOutput = source;
                step.DOutputStride = a.DOutputBatchStride;
            }
            else
            {
                RowBlock<S, V, T>.Add(step.DH, plan.StateStride, source, a.DOutputBatchStride, step.Rows, shape.Hidden);
            }
        }

        a.Change?.Invoke(shape.Time(s), false, step.DH, plan.StateStride, step.Rows);
        if (norms != null)
        {
            MeasureHidden(norms, step);
        }
    }

    // ∂L/∂c_t in full is known once a step is differentiated; if it is changed, that is done again from there.
    private void ChangeCell(int s, ref BackwardStep<T> step)
    {
        if (!HasCell || a.Change is null)
        {
            return;
        }

        a.Change(shape.Time(s), true, step.DCTotal, plan.StateStride, step.Rows);
        RowBlock<S, V, T>.Copy(step.DC, plan.StateStride, step.DCTotal, plan.StateStride, step.Rows, (int)plan.PaddedHidden);
        step.CellGiven = true;
        C.Differentiate(step);
    }

    // Rows of whole vectors are read where they are.
    private void ReadOutput(int s, int first, ref BackwardStep<T> step, T* copy)
    {
        step.H = copy;
        step.HStride = plan.StateStride;
        if (C.ReadsOutput || C.ReadsPreviousOutput)
        {
            var after = C.ReadsOutput ? s : s - 1;
            if (plan.WholeVectors && shape.Rows(after, first, step.Rows) == step.Rows)
            {
                step.H = Output(after, first);
                step.HStride = a.Forward.OutputBatchStride;
            }
            else
            {
                CopyHidden(copy, plan.StateStride, after, first, step.Rows);
            }
        }
    }

    private T* Output(int s, int first)
    {
        ref readonly var f = ref a.Forward;
        return f.Output + shape.Offset(s, f.OutputStepStride, f.OutputBatchStride) + (first * f.OutputBatchStride);
    }

    // h after step s of the walk; of the sequences that have no such step, the initial state.
    private void CopyHidden(T* target, nint targetStride, int s, int first, int rows)
    {
        ref readonly var f = ref a.Forward;
        var active = shape.Rows(s, first, rows);
        if (active > 0)
        {
            RowBlock<S, V, T>.Copy(target, targetStride, Output(s, first), f.OutputBatchStride, active, shape.Hidden);
        }

        if (active == rows)
        {
            return;
        }

        target += active * targetStride;
        if (f.H0 != null)
        {
            RowBlock<S, V, T>.Copy(target, targetStride, f.H0 + ((nint)(first + active) * shape.Hidden), shape.Hidden, rows - active, shape.Hidden);
        }
        else
        {
            RowBlock<S, V, T>.Clear(target, (rows - active) * targetStride);
        }
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

    // The walk back leaves the first step of a part's sequences [from, to), if there are any.
    private void End(in BackwardPart<T> own, int first, int from, int to)
    {
        var (offset, row) = ((nint)(first + from) * shape.Hidden, from * plan.StateStride);
        if (a.DH0 != null)
        {
            RowBlock<S, V, T>.Copy(a.DH0 + offset, shape.Hidden, own.DH + row, plan.StateStride, to - from, shape.Hidden);
        }

        if (a.DC0 != null)
        {
            RowBlock<S, V, T>.Copy(a.DC0 + offset, shape.Hidden, own.DC + row, plan.StateStride, to - from, shape.Hidden);
        }
    }
}
