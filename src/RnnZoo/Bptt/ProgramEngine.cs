using System.Numerics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// One direction of one layer on the CPU, in float32 or float64, by the cell's own equations: what a step does, forward and
/// back, runs as a program of vector instructions on the rows of the batch; the gradients of weights are found for all steps at
/// once, as in <see cref="LayerBptt"/>, to which it is equal but for rounding.
/// </summary>
/// <remarks>The tape: each part of the state before and after every step, and what the cell keeps, in rows of whole cache lines.</remarks>
/// <param name="equations">The cell's.</param>
/// <param name="width">Of the vectors; the machine's best if null.</param>
internal sealed class ProgramEngine(LayerBptt equations, VectorWidth? width = null) : ILayerKernel
{
    // What one entry of h costs in a step besides the products, in flops.
    private const double FlopsPerEntry = 60;

    private readonly Lazy<int[]> _keptSizes = new(() => KeptSizes(equations.Cell));

    public bool CanRun(LayerArguments arguments)
    {
        var (input, weight) = (arguments.Input, arguments.Weights.InputWeight);
        var tokens = TokenInput.Is(input);
        return Array.TrueForAll(Check.ShapeOf(input), size => size is > 0 and <= int.MaxValue) && input.device_type == TorchSharp.DeviceType.CPU
            && (tokens || input.Dimensions == (arguments.Sizes is null ? 3 : 2)) && arguments.Initial.Hidden.size(-1) > 0
            && Array.TrueForAll(arguments.Slots()[(tokens ? 1 : 0)..], tensor => tensor is null || (TensorMemory.Reads(tensor) && tensor.dtype == weight.dtype));
    }

    public long TapeElements(LayerArguments arguments) => arguments.Weights.InputWeight.dtype == ScalarType.Float32
        ? Arrays<float>(SizesOf(arguments)).Elements
        : Arrays<double>(SizesOf(arguments)).Elements;

    public (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, Tensor? tape)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var ready = arguments.ForEquations();
        equations.CheckForward(ready.Input, ready.Initial, ready.Weights, ready.Sizes);
        var (output, final) = ready.Weights.InputWeight.dtype == ScalarType.Float32
            ? Forward<float>(ready, reversed, tape)
            : Forward<double>(ready, reversed, tape);
        return (output.MoveToOuterDisposeScope(), arguments.Joined(final).MoveToOuterDisposeScope());
    }

    public LayerGradients Backward(LayerArguments arguments, bool reversed, Tensor tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null)
    {
        using var scope = NewDisposeScope();
        arguments = arguments.ForEquations();
        LayerCheck.Cotangents(arguments.OutputShape, arguments.Batch, arguments.Weights.InputWeight, cotangents, equations.Cell);
        var gradients = arguments.Weights.InputWeight.dtype == ScalarType.Float32
            ? Backward<float>(arguments, reversed, tape, cotangents, wanted, norms)
            : Backward<double>(arguments, reversed, tape, cotangents, wanted, norms);
        return gradients.MoveToOuterDisposeScope();
    }

    private (Tensor Output, Tensor[] Final) Forward<T>(LayerArguments arguments, bool reversed, Tensor? tape)
        where T : unmanaged, INumberBase<T>
    {
        var (cell, (input, initial, weights)) = (equations.Cell, arguments);
        using var walk = new Walk<T>(arguments, width);
        var output = TensorMemory.Fresh(arguments.OutputShape, weights.InputWeight); // [T, B, H] or [N, H]
        var state = walk.Carried([.. initial]); // parts, rows of S
        var values = cell.WithDerived(weights).Values();
        (Tensor[] Before, Tensor[] After, Tensor[] Kept)? arrays = tape is null ? null : Arrays<T>(walk.Sizes).Of(tape, reversed);
        if (walk.Sizes.IsEven)
        {
            foreach (var (part, before) in initial.Zip(arrays?.Before ?? []))
            {
                before.narrow(0, reversed ? before.size(0) - part.size(0) : 0, part.size(0)).copy_(part); // [B, S]; the others are the states after
            }
        }
        else
        {
            walk.Writes(state, arrays?.Before);
        }

        var (after, kept) = cell.ForwardStep(cell.Project(walk.ReadsInput(input), values), state, values);
        walk.Writes(after, arrays?.After);
        walk.Writes(kept, arrays?.Kept);

        walk.Writes([after[0]], [output.Rows()]);
        walk.GoesOn(after);
        walk.Run(fromEnd: reversed, ThreadsFor(arguments));
        return (output, walk.Left()); // [T, B, H] or [N, H], and parts [B, S]
    }

    private LayerGradients Backward<T>(LayerArguments arguments, bool reversed, Tensor memory, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
        where T : unmanaged, INumberBase<T>
    {
        var (cell, (input, initial, weights)) = (equations.Cell, arguments);
        using var walk = new Walk<T>(arguments, width);
        var arrays = Arrays<T>(walk.Sizes).Of(memory, reversed);
        var tape = new LayerTape(walk.Sizes, input, initial, weights, arrays.After, arrays.Kept, reversed) { KeptBefore = arrays.Before };
        StepValue[] before = [.. tape.KeptBefore.Select(walk.ReadsTape)], after = [.. tape.States.Select(walk.ReadsTape)];
        var values = cell.WithDerived(weights).Values();
        var kept = cell.Prepared(walk.ReadsInput(input), [.. tape.Kept.Select(walk.ReadsTape)], values);
        Tensor?[] dFinal = [cotangents.FinalHidden, cotangents.FinalCell];
        var dFuture = walk.Carried([.. initial.Select((part, index) => dFinal[index] ?? zeros_like(part))]); // parts, rows of S
        var dH = cotangents.Output is { } dOutput ? walk.Reads(dOutput.Rows()) + dFuture[0] : dFuture[0].Join(); // rows of H
        var frame = new TapeFrame(before, after, kept, values);
        if (norms?.Change is { } change)
        {
            dH = walk.Shown(dH, isCell: false, change);
            frame = frame with { ChangeCell = dC => walk.Shown(dC, isCell: true, change) };
        }

        var flow = cell.BackwardStep(frame, dH, dFuture.ElementAtOrDefault(1));
        var dHBefore = values.HiddenWeight is { } weight ? flow.DRecurrent.Through(weight, flow.DHDirect) : flow.DHDirect!; // rows of H
        StepValue?[] flows = [flow.DProjected, flow.IsShared ? null : flow.DRecurrent, flow.DProduct];
        Tensor[] found = walk.KeptHere([.. flows.OfType<StepValue>()]); // [N, G·H]
        var (dProjected, dRecurrent, dProduct) = (found[0], flow.IsShared ? found[0] : found[1], flow.DProduct is null ? found[0] : found[^1]); // [N, G·H]
        var dInput = wanted.HasFlag(WantedGradients.Input) ? walk.Kept((flow.DProduct ?? flow.DProjected).Through(values.InputWeight)) : null; // [N, I]
        var sums = flow.DSums is null ? (StepRows?)null : walk.Summed(flow.DSums); // rows of ·
        var biases = values.InputBias is null ? (StepRows?)null : walk.Summed(flow.DProjected); // rows of G·H
        var hiddenBiases = values.HiddenBias is null ? (StepRows?)null : flow.IsShared && biases is not null ? biases : walk.Summed(flow.DRecurrent); // rows of G·H
        StepGradients? steps = null;
        if (norms is not null || wanted.HasFlag(WantedGradients.Steps))
        {
            var dHFuture = walk.Kept(dFuture[0]); // [N, H]
            var dHOutput = norms?.Change is not null ? walk.Kept(dH - dFuture[0]) : cotangents.Output?.Rows() ?? zeros_like(dHFuture); // [N, H]: a change counts to what came from the output
            steps = flow.DCFromHidden is null ? new StepGradients(dHOutput, dHFuture) : new StepGradients(dHOutput, dHFuture, walk.Kept(flow.DCFromHidden), walk.Kept(dFuture[1])); // [N, S]
        }

        walk.GoesOn(flow.DCBefore is null ? [dHBefore] : [dHBefore, flow.DCBefore]);
        walk.Run(fromEnd: !reversed, norms?.Change is null ? ThreadsFor(arguments) : 1);
        var dInitial = walk.Left(); // parts [B, S]
        var walked = new BackwardWalk(dProjected, dRecurrent, dProduct, Left(sums))
        {
            ProjectedSums = Left(biases) ?? dProjected,
            RecurrentSums = Left(hiddenBiases) ?? dRecurrent,
        };
        return equations.Gather(tape, new WalkedBack(walked, dInitial[0], dInitial.ElementAtOrDefault(1), steps, dInput), wanted, norms);

        Tensor? Left(StepRows? rows) => rows is { } own ? walk.Left(own) : null;
    }

    private static int ThreadsFor(LayerArguments arguments)
    {
        var (weights, rows) = (arguments.Weights, (double)SizesOf(arguments).Total);
        var products = weights.InputWeight.numel() + (weights.HiddenWeight?.numel() ?? 0) + weights.Further.Where(further => further.Dimensions > 1).Sum(further => further.numel());
        return ThreadChoice.For(rows * ((2.0 * products) + (FlopsPerEntry * weights.HiddenSize)));
    }

    // A step of no rows says how long they are.
    private static int[] KeptSizes(EquationCell cell)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var weights = cell.Weights();
        var none = weights.InputWeight.new_zeros(0, weights.InputSize);
        var (_, kept) = cell.ForwardStep(cell.Project(none, weights), new RecurrentState([.. cell.StateSizes.Select(size => weights.InputWeight.new_zeros(0, size))]), weights);
        return Array.ConvertAll(kept, tensor => (int)tensor.size(1));
    }

    private static BatchSizes SizesOf(LayerArguments arguments) => arguments.Sizes ?? BatchSizes.Even(arguments.Steps, arguments.Batch);

    private TapeArrays Arrays<T>(BatchSizes sizes)
        where T : unmanaged => new(sizes, [.. equations.Cell.StateSizes.Select(size => (int)size)], _keptSizes.Value, size => (long)Stride.Padded<T>(size));

    // Arrays [N, ·] in one piece of memory, one after the other, and a line behind the last. Where every step has B rows, the
    // states before the steps are those after them, B rows further, and what the first step begins with.
    private readonly record struct TapeArrays(BatchSizes Sizes, int[] Parts, int[] Kinds, Func<int, long> StrideOf)
    {
        public long Elements => (Parts.Sum(StrideOf) * RowsOfPart) + (Kinds.Sum(StrideOf) * Sizes.Total) + StrideOf(1);

        private long RowsOfPart => Sizes.Total + (Sizes.IsEven ? Sizes.Batch : Sizes.Total);

        public (Tensor[] Before, Tensor[] After, Tensor[] Kept) Of(Tensor memory, bool reversed)
        {
            var (at, total, later, rowsOfPart, strideOf) = (0L, (long)Sizes.Total, RowsOfPart - Sizes.Total, RowsOfPart, StrideOf);
            Tensor[] states = Array.ConvertAll(Parts, size => Next(size, rowsOfPart)), kept = Array.ConvertAll(Kinds, size => Next(size, total));
            Tensor[] first = Array.ConvertAll(states, part => part.narrow(0, 0, total)), second = Array.ConvertAll(states, part => part.narrow(0, later, total));
            return reversed ? (second, first, kept) : (first, second, kept);

            Tensor Next(int size, long rows)
            {
                var (from, stride) = (at, strideOf(size));
                at += rows * stride;
                return memory.narrow(0, from, rows * stride).view(rows, stride).narrow(1, 0, size); // [N, ·]
            }
        }
    }

    /// <summary>A program and what it reads and writes, step after step.</summary>
    private sealed class Walk<T> : ParallelWork, IDisposable
        where T : unmanaged, INumberBase<T>
    {
        // Of the steps of a block, where a batch has fewer: so many are worth the products of matrices, and fit into the first-level cache.
        private const int BlockRows = 32;
        private readonly PooledMemory _memory = new();
        private readonly StepProgram<T> _program;
        private readonly List<Tensor> _used = []; // until the program has run
        private readonly Tensor _like;
        private readonly bool _isWhole;
        private StepRows[] _state = [];
        private int[] _bounds = [];
        private bool _fromEnd;
        private bool _isShown;
        private int _time;

        public Walk(LayerArguments arguments, VectorWidth? width)
        {
            Sizes = SizesOf(arguments);
            _like = arguments.Weights.InputWeight;
            _isWhole = Stride.Padded<T>((nint)arguments.Weights.HiddenSize) == arguments.Weights.HiddenSize;
            _program = StepProgram<T>.Of(Math.Max(Sizes.Batch, (int)Math.Min(Sizes.Total, BlockRows)), width, _memory.Take);
        }

        public BatchSizes Sizes { get; }

        /// <summary>An array [N, ·] as values of the steps. Vectors may reach beyond a row's end: where that may be the memory's end, it is copied.</summary>
        public StepValue Reads(Tensor array)
        {
            if (_isWhole)
            {
                return ReadsTape(array.contiguous());
            }

            var (size, stride) = (array.size(1), (long)Stride.Padded<T>((nint)array.size(1)));
            var padded = empty([((Sizes.Total + 1) * stride) + stride], dtype: _like.dtype, device: _like.device).narrow(0, 0, Sizes.Total * stride).view(Sizes.Total, stride).narrow(1, 0, size); // [N, ·]
            return ReadsTape(padded.copy_(array));
        }

        /// <summary>The same of an array of the tape, which has room behind each row.</summary>
        public StepValue ReadsTape(Tensor array) => new ProgramRows<T>(_program, RowsOf(array));

        /// <summary>x_t: a product reads of a row what it has, so it can stay where it is.</summary>
        public StepValue ReadsInput(Tensor input) => new ProgramRows<T>(_program, RowsOf(input.Rows().contiguous()));

        /// <summary>Writes values of every step into arrays [N, ·], if there are any.</summary>
        public void Writes(StepValue[] values, Tensor[]? arrays)
        {
            foreach (var (value, array) in values.Zip(arrays ?? []))
            {
                _program.Copy(ProgramRows<T>.RowsOf(value), RowsOf(array));
            }
        }

        /// <summary>A value of every step, [N, ·].</summary>
        public Tensor Kept(StepValue value) => KeptHere([value])[0];

        /// <summary>Values of every step [N, ·], in one piece of memory: freed as one it stays with the process, and the next pass needs no new pages.</summary>
        public Tensor[] KeptHere(StepValue[] values)
        {
            long[] sizes = Array.ConvertAll(values, value => Sizes.Total * value.Length);
            Tensor[] arrays = [.. TensorMemory.Fresh([sizes.Sum()], _like).split(sizes, 0).Zip(values, (array, value) => array.view(Sizes.Total, value.Length))];
            Writes(values, arrays);
            return arrays;
        }

        /// <summary>The sum over all steps and sequences of a value, in several rows that are still to be added.</summary>
        public StepRows Summed(StepValue value) => _program.Sum(ProgramRows<T>.RowsOf(value));

        /// <summary>What the steps carry on from one to the next, from where it starts: parts [B, S].</summary>
        public unsafe StepValue[] Carried(Tensor[] start)
        {
            _state = Array.ConvertAll(start, part => _program.Rows((int)part.size(1)));
            foreach (var (part, rows) in start.Zip(_state))
            {
                var dense = part.contiguous();
                var numbers = new ReadOnlySpan<T>((void*)TensorMemory.Address(dense), Sizes.Batch * rows.Length);
                for (var row = 0; row < Sizes.Batch; row++)
                {
                    numbers.Slice(row * rows.Length, rows.Length).CopyTo(StepProgram<T>.RowOf(rows, row));
                }

                GC.KeepAlive(dense);
            }

            return Array.ConvertAll(_state, rows => new ProgramRows<T>(_program, rows));
        }

        /// <summary>What the next step gets: the step ends here.</summary>
        public void GoesOn(StepValue[] parts)
        {
            foreach (var (part, rows) in parts.Zip(_state))
            {
                _program.Copy(ProgramRows<T>.RowsOf(part), rows);
            }
        }

        /// <summary>What each sequence's last step left, parts [B, S].</summary>
        public Tensor[] Left() => Array.ConvertAll(_state, part => Left(part, Sizes.Batch));

        /// <summary>What is in the rows of a sum, [rows, ·].</summary>
        public Tensor Left(StepRows sum) => Left(sum, _program.Batch);

        private unsafe Tensor Left(StepRows rows, int count)
        {
            var part = empty([count, rows.Length], dtype: _like.dtype, device: _like.device); // [B, S]
            var target = new Span<T>((void*)TensorMemory.Address(part), count * rows.Length);
            for (var row = 0; row < count; row++)
            {
                StepProgram<T>.RowOf(rows, row).CopyTo(target[(row * rows.Length)..]);
            }

            return part;
        }

        /// <summary>A gradient that a hook sees, and may change, before it goes on.</summary>
        public unsafe StepValue Shown(StepValue gradient, bool isCell, Func<int, bool, Tensor, Tensor> change)
        {
            var rows = ProgramRows<T>.RowsOf(gradient);
            var show = KernelPasses<T>.ChangeBy(change, rows.Length, _like);
            _isShown = true;
            _program.Show(rows, (address, stride, count) => show(_time, isCell, (T*)address, stride, count));
            return gradient;
        }

        public void Run(bool fromEnd, int threads)
        {
            var parts = Math.Min(threads, Sizes.Batch);
            (_fromEnd, _bounds) = (fromEnd, Sizes.IsEven ? [.. Enumerable.Range(0, parts + 1).Select(part => Partition.Start(Sizes.Batch, part, parts))] : Sizes.Parts(parts));
            _program.Ready();
            WorkerPool.Run(this, _bounds.Length - 1);
            _used.ForEach(GC.KeepAlive);
        }

        public override void Run(int part)
        {
            if (_bounds.Length == 2 && !_isShown && 2 * Sizes.Batch <= _program.Batch)
            {
                RunBlocks();
                return;
            }

            for (var step = 0; step < Sizes.Steps; step++)
            {
                var t = Time(step);
                var to = Math.Min(_bounds[part + 1], Sizes[t]);
                if (_bounds[part] < to)
                {
                    _time = part == 0 ? t : _time; // for hooks, with which there is one part
                    _program.Run(_bounds[part], to, new StepPlace((nint)Sizes.Start(t), (nint)Sizes.Start(t)));
                }
            }
        }

        public void Dispose() => _memory.Dispose();

        private void RunBlocks()
        {
            for (var (done, count) = (0, 0); done < Sizes.Steps; done += count)
            {
                var rows = 0;
                for (count = 0; done + count < Sizes.Steps && rows + Sizes[Time(done + count)] is var more && more <= _program.Batch; count++)
                {
                    rows = more;
                }

                _program.Run(Sizes, _fromEnd ? Time(done + count - 1) : done, count, _fromEnd);
            }
        }

        private int Time(int step) => _fromEnd ? Sizes.Steps - 1 - step : step;

        private StepRows RowsOf(Tensor array)
        {
            _used.Add(array);
            var address = TensorMemory.Address(array);
            return new StepRows(address, (nint)array.stride(0), (int)array.size(1), Root: address, Moves: true);
        }
    }
}
