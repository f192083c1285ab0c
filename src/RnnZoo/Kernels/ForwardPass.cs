using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The forward pass of one direction of a layer. Weights are packed once; then every thread takes its share of the batch
/// through all time steps without meeting the others, or, where it would have few rows for more weights than its cache
/// holds, its share of the units of the whole batch, and waits for the others after each step; the sums are the same. A step multiplies [x_t | h_{t-1}] by the packed weights, a
/// few blocks of units at a time, and turns them into gates while they are in the first-level cache.
/// </summary>
internal sealed unsafe class ForwardPass<C, S, V, T> : ParallelWork
    where C : struct, IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private const int UnitGroup = 4;

    // Below so many rows a step's product waits for the weights: those of the input are then multiplied with the rows of many
    // steps at once, AheadRows at the most.
    private const int FewRows = 4;
    private const int AheadRows = 64;

    // Bytes of weights that a core's second-level cache holds, about.
    private const long CachedBytes = 768 * 1024;
    private readonly LayerShape shape;
    private readonly ForwardArguments<T> a;
    private readonly int threads;
    private readonly int[] bounds;
    private readonly int inputs;
    private readonly int unitBlocks;
    private readonly RecordLayout<T> layout;
    private readonly nint recordStride;
    private readonly nint stateStride;
    private readonly nint stateOffset;
    private readonly int aheadSteps; // 0 where the input is multiplied step by step
    private T* panels;
    private T* bias;
    private T* activationBias;
    private T* table;
    private T* ahead;
    private T* states;
    private T* records;
    private Phase phase;
    private PartBarrier? barrier;

    private ForwardPass(in LayerShape shape, in ForwardArguments<T> arguments, int threads)
    {
        this.shape = shape;
        a = arguments;
        this.threads = threads;
        bounds = shape.Parts(Math.Min(threads, shape.Batch));
        inputs = arguments.Tokens == null ? shape.Input : 0;
        unitBlocks = (shape.Hidden + S.Lanes - 1) / S.Lanes;
        recordStride = RecordStride(shape.Hidden);
        aheadSteps = inputs > 0 && shape.Sizes is null && shape.Batch <= FewRows ? Math.Min(shape.Steps, AheadRows / shape.Batch) : 0;
        stateOffset = Stride.Padded<T>(inputs);
        stateStride = Stride.OddLines<T>(stateOffset + ((nint)unitBlocks * S.Lanes));
        layout = new RecordLayout<T>(shape, recordStride, C.NeedsTape && a.Tape != null);
    }

    private enum Phase
    {
        Pack,
        Steps,
        StepsByUnits,
    }

    /// <summary>Elements of the tape; 0 where the output is tape enough.</summary>
    public static nint TapeElements(in LayerShape shape) =>
        C.NeedsTape ? new RecordLayout<T>(shape, RecordStride(shape.Hidden), perStep: true).Elements : 0;

    public static void Run(in LayerShape shape, in ForwardArguments<T> arguments, int threads)
    {
        var pass = new ForwardPass<C, S, V, T>(shape, arguments, threads);
        using var buffer = C.NeedsTape && arguments.Tape != null ? null : NativeBuffer.Rent((nuint)pass.layout.Elements * (nuint)sizeof(T));
        pass.records = buffer is null ? arguments.Tape : (T*)buffer.Pointer;
        pass.Run();
    }

    public override void Run(int part)
    {
        switch (phase)
        {
            case Phase.Pack:
                Pack(Partition.Start(unitBlocks, part, threads), Partition.Start(unitBlocks, part + 1, threads));
                break;
            case Phase.Steps:
                RunSteps(bounds[part], bounds[part + 1] - bounds[part], 0, unitBlocks, leads: true);
                break;
            default:
                RunSteps(0, shape.Batch, Partition.Start(unitBlocks, part, threads), Partition.Start(unitBlocks, part + 1, threads), leads: part == 0);
                break;
        }
    }

    private static nint RecordStride(int hidden) => (nint)((hidden + S.Lanes - 1) / S.Lanes) * C.Slots * S.Lanes;

    private void Run()
    {
        var count = new Arena(null);
        LayOut(ref count);
        using var workspace = NativeBuffer.Rent(count.Used);
        var arena = new Arena(workspace.Pointer);
        LayOut(ref arena);
        RowBlock<S, V, T>.Clear(activationBias, (nint)unitBlocks * S.Lanes);
        if (a.ActivationBias != null)
        {
            RowBlock<S, V, T>.Copy(activationBias, 0, a.ActivationBias, 0, 1, shape.Hidden);
        }

        phase = Phase.Pack;
        WorkerPool.Run(this, threads);
        phase = Phase.StepsByUnits;
        barrier = new PartBarrier(threads);
        if (!ByUnits || !WorkerPool.TryRunTogether(this, threads))
        {
            (phase, barrier) = (Phase.Steps, null);
            WorkerPool.Run(this, bounds.Length - 1);
        }
    }

    // Of a large batch each thread's rows are enough to pay for reading all weights, and waiting costs more.
    private bool ByUnits => shape.Sizes is null && unitBlocks >= threads && shape.Batch < threads * S.TileRows
        && (long)unitBlocks * C.Columns * S.Lanes * (aheadSteps > 0 ? shape.Hidden : inputs + shape.Hidden) * sizeof(T) > CachedBytes;

    private void LayOut(ref Arena arena)
    {
        nint columns = (nint)unitBlocks * C.Columns;
        panels = arena.Take<T>(columns * (inputs + shape.Hidden) * S.Lanes);
        bias = arena.Take<T>(columns * S.Lanes);
        activationBias = arena.Take<T>((nint)unitBlocks * S.Lanes);
        table = a.Tokens == null ? null : arena.Take<T>(shape.Input * TableStride);
        ahead = arena.Take<T>(aheadSteps * shape.Batch * TableStride);
        states = arena.Take<T>(2 * shape.Batch * stateStride);
    }

    private nint TableStride => (nint)unitBlocks * C.Gates * S.Lanes;

    private void Pack(int first, int last)
    {
        Packing<C, S, V, T>.Forward(a, inputs, shape.Hidden, panels, bias, first, last);
        if (a.Tokens != null)
        {
            TokenTable<C, S, V, T>.Fill(a.WeightIh, shape.Input, shape.Hidden, bias, table, TableStride, first, last);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunSteps(int first, int rows, int firstUnit, int lastUnit, bool leads)
    {
        var current = states + (2 * first * stateStride);
        var next = current + (rows * stateStride);
        if (leads)
        {
            RowBlock<S, V, T>.Clear(current, 2 * rows * stateStride);
            if (barrier is not null)
            {
                Begin(0, first, 0, rows, current);
                ReadInput(0, first, rows, current);
            }
        }

        barrier?.Wait();
        for (var (s, before) = (0, 0); s < shape.Steps; s++)
        {
            var active = shape.Rows(s, first, rows);
            if (barrier is null)
            {
                Begin(s, first, before, active, current);
            }

            before = active;
            if (active == 0)
            {
                continue;
            }

            if (aheadSteps > 0 && s % aheadSteps == 0)
            {
                MultiplyAhead(s, first, rows, firstUnit, lastUnit);
            }

            if (barrier is null)
            {
                ReadInput(s, first, active, current);
            }

            var record = layout.At(records, s) + (first * recordStride);
            var product = new StepProduct<S, V, T>
            {
                Rows = current + stateOffset - inputs,
                RowStride = stateStride,
                RowCount = active,
                Input = inputs,
                Hidden = shape.Hidden,
                Panels = panels,
                Bias = bias,
                Record = record,
                RecordStride = recordStride,
                InputDone = a.Tokens != null || aheadSteps > 0,
            };
            var step = new ForwardStep<T>
            {
                Rows = active,
                Record = record,
                PreviousRecord = layout.At(records, s - 1) + (first * recordStride),
                RecordStride = recordStride,
                HPrevious = current + stateOffset,
                H = next + stateOffset,
                HStride = stateStride,
                ActivationBias = activationBias,
            };
            for (var u = firstUnit; u < lastUnit; u += UnitGroup)
            {
                var count = Math.Min(UnitGroup, lastUnit - u);
                ReadInputColumns(s, first, active, record, u, count);
                C.Multiply(product, u, count);
                C.Activate(step, u, count);
            }

            if (barrier is not null)
            {
                if (leads && s + 1 < shape.Steps)
                {
                    ReadInput(s + 1, first, rows, next);
                }

                barrier.Wait();
            }

            WriteOutput(s, first, active, next + stateOffset, firstUnit * S.Lanes, Math.Min(lastUnit * S.Lanes, shape.Hidden));
            if (leads)
            {
                End(s, first, shape.Rows(s + 1, first, rows), active, next);
            }

            var used = current;
            current = next;
            next = used;
        }
    }

    // Step s is the first of a part's sequences [from, to), if there are any.
    private void Begin(int s, int first, int from, int to, T* state)
    {
        if (a.H0 != null)
        {
            RowBlock<S, V, T>.Copy(
                state + stateOffset + (from * stateStride), stateStride, a.H0 + ((nint)(first + from) * shape.Hidden), shape.Hidden, to - from, shape.Hidden);
        }

        for (var b = first + from; C.CellStateSlot >= 0 && b < first + to; b++)
        {
            CellState<C, S, V, T>.Write(
                layout.At(records, s - 1) + (b * recordStride), a.C0 == null ? null : a.C0 + ((nint)b * shape.Hidden), shape.Hidden);
        }
    }

    private void ReadInput(int s, int first, int rows, T* state)
    {
        if (inputs > 0 && aheadSteps == 0)
        {
            var x = a.X + shape.Offset(s, a.XStepStride, a.XBatchStride) + (first * a.XBatchStride);
            RowBlock<S, V, T>.Copy(state + stateOffset - shape.Input, stateStride, x, a.XBatchStride, rows, shape.Input);
        }
    }

    private void ReadInputColumns(int s, int first, int rows, T* record, int unit, int count)
    {
        if (a.Tokens != null)
        {
            var tokens = a.Tokens + shape.Offset(s, a.XStepStride, a.XBatchStride) + (first * a.XBatchStride);
            TokenTable<C, S, V, T>.Read(table, TableStride, tokens, a.XBatchStride, rows, record, recordStride, unit, count);
        }

        for (var row = 0; aheadSteps > 0 && row < rows; row++)
        {
            var source = ahead + ((((nint)(s % aheadSteps) * shape.Batch) + first + row) * TableStride);
            TokenTable<C, S, V, T>.ReadRow(source, record + (row * recordStride), unit, count);
        }
    }

    private void WriteOutput(int s, int first, int rows, T* h, int firstUnit, int lastUnit)
    {
        var output = a.Output + shape.Offset(s, a.OutputStepStride, a.OutputBatchStride) + (first * a.OutputBatchStride);
        RowBlock<S, V, T>.Copy(output + firstUnit, a.OutputBatchStride, h + firstUnit, stateStride, rows, lastUnit - firstUnit);
        if (a.OutputCopy != null)
        {
            var copy = a.OutputCopy + ((shape.FirstRow(s) + first) * shape.Hidden);
            RowBlock<S, V, T>.Copy(copy + firstUnit, shape.Hidden, h + firstUnit, stateStride, rows, lastUnit - firstUnit);
        }
    }

    // The input's part of the next steps, rows [step, row][unit block, gate][lanes] of a table as tokens have it.
    private void MultiplyAhead(int s, int first, int rows, int firstUnit, int lastUnit)
    {
        nint panelSize = (nint)(inputs + shape.Hidden) * S.Lanes;
        for (var row = first; row < first + rows; row++)
        {
            var g = new GemmArguments<T>
            {
                A = a.X + shape.Offset(s, a.XStepStride, a.XBatchStride) + (row * a.XBatchStride),
                AStride = shape.Reverse ? -a.XStepStride : a.XStepStride,
                AStep = 1,
                Rows = Math.Min(aheadSteps, shape.Steps - s),
                Depth = inputs,
                BStride = panelSize,
                BStep = S.Lanes,
                Vectors = C.Gates,
                InitVectorStride = S.Lanes,
                CStride = shape.Batch * TableStride,
                CVectorStride = S.Lanes,
            };
            for (var u = firstUnit; u < lastUnit; u++)
            {
                nint vector = ((nint)u * C.Columns) + C.FirstInputColumn;
                g.B = panels + (vector * panelSize);
                g.Init = bias + (vector * S.Lanes);
                g.C = ahead + (row * TableStride) + ((nint)u * C.Gates * S.Lanes);
                Gemm<S, V, T>.Run(g);
            }
        }
    }

    // Step s was the last of a part's sequences [from, to), if there are any.
    private void End(int s, int first, int from, int to, T* state)
    {
        if (a.HN != null)
        {
            RowBlock<S, V, T>.Copy(
                a.HN + ((nint)(first + from) * shape.Hidden), shape.Hidden, state + stateOffset + (from * stateStride), stateStride, to - from, shape.Hidden);
        }

        for (var b = first + from; C.CellStateSlot >= 0 && a.CN != null && b < first + to; b++)
        {
            CellState<C, S, V, T>.Read(
                a.CN + ((nint)b * shape.Hidden), layout.At(records, s) + (b * recordStride), shape.Hidden);
        }
    }
}

/// <summary>
/// Where the records of a step of the walk lie: one for each row, after which there is room for the initial cell state of the
/// sequences that begin with the next step; or, where no step's records are needed later, one for each sequence that all steps share.
/// </summary>
internal readonly unsafe struct RecordLayout<T>(LayerShape shape, nint recordStride, bool perStep)
    where T : unmanaged
{
    public nint Elements => (perStep ? shape.TotalRows + shape.Batch : shape.Batch) * recordStride;

    /// <summary>The records of sequence 0 at a step; at step -1, what stands before the first.</summary>
    public T* At(T* records, int step) => records + (perStep && step >= 0 ? Row(step) * recordStride : 0);

    // Sequences begin with the first step of the walk, or, in reverse, with any: what came before the step, and what begins with it.
    private nint Row(int step) => shape.Reverse ? shape.TotalRows - shape.FirstRow(step) : shape.Batch + shape.FirstRow(step);
}

/// <summary>Moves one row of cell state [H] into and out of a row's records.</summary>
internal static unsafe class CellState<C, S, V, T>
    where C : struct, IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Stores <paramref name="source"/> (null for zeros) into the records; units beyond H become zero.</summary>
    public static void Write(T* record, T* source, int hidden)
    {
        for (var unit = 0; unit < hidden; unit += S.Lanes)
        {
            var slot = Slot(record, unit);
            S.Store(slot, S.Zero);
            for (var lane = 0; source != null && lane < Math.Min(S.Lanes, hidden - unit); lane++)
            {
                slot[lane] = source[unit + lane];
            }
        }
    }

    /// <summary>Copies the cell state out of the records.</summary>
    public static void Read(T* target, T* record, int hidden)
    {
        for (var unit = 0; unit < hidden; unit++)
        {
            target[unit] = Slot(record, unit / S.Lanes * S.Lanes)[unit % S.Lanes];
        }
    }

    private static T* Slot(T* record, int unit) =>
        record + ((nint)unit * C.Slots) + (C.CellStateSlot * S.Lanes);
}
