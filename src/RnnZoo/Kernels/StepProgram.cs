using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>Where a step is among all.</summary>
/// <param name="First">Where its rows begin in those that have rows for every step.</param>
/// <param name="Block">Where those of its block of steps begin.</param>
internal readonly record struct StepPlace(nint First, nint Block);

/// <summary>Rows of a batch in the memory of a <see cref="StepProgram{T}"/>.</summary>
/// <param name="Address">Where the first row begins.</param>
/// <param name="Stride">Elements from one row to the next; 0 where one row is there for all.</param>
/// <param name="Length">Elements of a row.</param>
/// <param name="Root">Whose part they are: the address of rows as they were made; 0 for what nothing writes.</param>
/// <param name="Moves">Whether there are rows for every step, packed: those of a step begin where it says.</param>
/// <param name="Stays">Whether there are rows for every step of a block.</param>
internal readonly unsafe record struct StepRows(nint Address, nint Stride, int Length, nint Root, bool Moves = false, bool Stays = false)
{
    /// <summary>Whether rows share entries with others.</summary>
    public bool Meets<T>(StepRows other)
        where T : unmanaged => Root == other.Root && Root != 0 && other.Offset<T>(this) is var offset && offset > -other.Length && offset < Length;

    /// <summary>Whether others are these rows or a part of them.</summary>
    public bool Holds<T>(StepRows other)
        where T : unmanaged => Meets<T>(other) && other.Offset<T>(this) >= 0 && other.Offset<T>(this) + other.Length <= Length;

    /// <summary>Elements from another row's begin to that of these.</summary>
    public nint Offset<T>(StepRows other)
        where T : unmanaged => (Address - other.Address) / sizeof(T);

    /// <summary>Where a row of the batch is.</summary>
    /// <param name="row">The row.</param>
    /// <param name="place">Where the step is.</param>
    public T* At<T>(nint row, StepPlace place)
        where T : unmanaged => (T*)Address + ((Moves ? place.First + row : Stays ? place.First - place.Block + row : row) * Stride);

    /// <summary>A part of every row.</summary>
    public StepRows Part<T>(nint from, int length)
        where T : unmanaged => this with { Address = Address + (from * sizeof(T)), Length = length };
}

/// <summary>
/// One step of a net, forward or back, as a list of instructions on memory of its own, written once and run as often as there are
/// steps. A run allocates nothing; rows do not meet each other, so threads may run rows of their own.
/// </summary>
/// <remarks>
/// The memory is the collector's, pinned, so that nothing needs to be freed, unless another is given. Whole vectors are read and
/// written: behind every row that an instruction writes there is room for one, and behind every array that one may be read from.
/// Between two products a few rows at a time run through all instructions, while they are in the first-level cache.
/// </remarks>
/// <param name="batch">B, or as many rows as a block of steps has.</param>
/// <param name="take">Gives memory of so many bytes, zero, on a cache line of its own; null for the collector's.</param>
internal abstract unsafe class StepProgram<T>(int batch, Func<nint, nint>? take)
    where T : unmanaged, INumberBase<T>
{
    private const int RunBytes = 4096;
    private const int Line = 64;
    private const int BlockBytes = 1 << 16;
    private readonly List<T[]> _blocks = [];
    private nint _free;
    private nint _end;
    private int _longest = 1;
    private (List<StepInstruction> Ahead, List<StepInstruction> Steps, List<StepInstruction> Behind)? _phases;

    /// <summary>B.</summary>
    public int Batch => batch;

    /// <summary>What is to be done, in order.</summary>
    protected List<StepInstruction> Instructions { get; } = [];

    /// <summary>Rows that the program's user reads or writes between the steps.</summary>
    protected List<StepRows> Own { get; } = [];

    /// <summary>Those of them that steps only add to.</summary>
    protected List<StepRows> Sums { get; } = [];

    /// <summary>The width of its vectors, in elements.</summary>
    protected abstract int Lanes { get; }

    /// <summary>An empty program.</summary>
    /// <param name="batch">B.</param>
    /// <param name="width">The width of the vectors; the machine's best if null.</param>
    /// <param name="take">Where the memory comes from; the collector's if null.</param>
    public static StepProgram<T> Of(int batch, VectorWidth? width = null, Func<nint, nint>? take = null) => (width ?? VectorWidths.Best) switch
    {
        VectorWidth.Bits512 => new StepProgram<Simd512<T>, Vector512<T>, T>(batch, take),
        VectorWidth.Bits256 => new StepProgram<Simd256<T>, Vector256<T>, T>(batch, take),
        _ => new StepProgram<Simd128<T>, Vector128<T>, T>(batch, take),
    };

    /// <summary>Ends the list: from here on the program can run. What only another instruction reads goes into that, and copies that are not needed go.</summary>
    public StepProgram<T> Ready()
    {
        StepCopies.Drop<T>(Instructions, Own, Lanes);
        Fuse();
        return this;
    }

    /// <summary>Makes a step.</summary>
    public void Run() => Run(0, batch, place: default);

    /// <summary>Makes a step of some rows.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="to">The row after the last.</param>
    /// <param name="place">Where the step is, in a block of its own.</param>
    public void Run(int from, int to, StepPlace place) => Run(Instructions, from, to, place);

    /// <summary>Makes a block of steps, of all rows: what no step waits for, for all of them at once. On one thread.</summary>
    /// <param name="sizes">How many rows each step has.</param>
    /// <param name="first">The first step.</param>
    /// <param name="count">How many; no more rows than the program has.</param>
    /// <param name="fromEnd">Whether the last one comes first.</param>
    public void Run(BatchSizes sizes, int first, int count, bool fromEnd)
    {
        var block = (nint)sizes.Start(first);
        var (rows, all) = ((int)(sizes.Start(first + count) - block), new StepPlace(block, block));
        var (ahead, steps, behind) = _phases ??= StepPhases.Of<T>(Instructions, [.. Own.Except(Sums).Select(own => own.Root)]);
        Run(ahead, 0, rows, all);
        for (var step = 0; step < count; step++)
        {
            var t = first + (fromEnd ? count - 1 - step : step);
            Run(steps, 0, sizes[t], new StepPlace((nint)sizes.Start(t), block));
        }

        Run(behind, 0, rows, all);
    }

    /// <summary>Room for rows of the program's user, zero.</summary>
    public StepRows Rows(int length)
    {
        Own.Add(Make(length));
        return Own[^1];
    }

    /// <summary>A row that is there for the whole batch.</summary>
    public StepRows Constant(ReadOnlySpan<T> row)
    {
        var memory = Take(row.Length);
        row.CopyTo(new Span<T>(memory, row.Length));
        return new StepRows((nint)memory, 0, row.Length, Root: 0);
    }

    /// <summary>A row of the batch.</summary>
    public static Span<T> RowOf(StepRows rows, int row) => new(rows.At<T>(row, default), rows.Length);

    /// <summary>An operation on one or two operands; rows of 1 meet every entry of the other's.</summary>
    public abstract StepRows Apply(StepOperation operation, StepRows a, StepRows? b);

    /// <summary>a W' + plus.</summary>
    /// <param name="a">Rows of n.</param>
    /// <param name="weight">W [N, n], which is packed now: element [i, k] at weight + i·columnStride + k·depthStride.</param>
    /// <param name="columnStride">See there.</param>
    /// <param name="depthStride">See there.</param>
    /// <param name="plus">Rows of N.</param>
    public abstract StepRows Product(StepRows a, T* weight, nint columnStride, nint depthStride, StepRows plus);

    /// <summary>The mean of every row, in rows of 1.</summary>
    public abstract StepRows RowMean(StepRows a);

    /// <summary>√(variance(a) + ε) of every row, in rows of 1.</summary>
    public abstract StepRows RowScale(StepRows a, StepRows mean, double epsilon);

    /// <summary>Adds up rows over all steps: what stands in all rows that this gives, added up, is the sum over all sequences.</summary>
    public StepRows Sum(StepRows a)
    {
        var sum = Rows(a.Length);
        Sums.Add(sum);
        AddTo(sum, a);
        return sum;
    }

    /// <summary>Rows of a table, by the number that stands in <paramref name="ids"/> for each row of the batch.</summary>
    /// <param name="table">[V, length].</param>
    /// <param name="length">Of a row.</param>
    /// <param name="ids">[B]; each within V when the program runs.</param>
    public StepRows Lookup(ReadOnlySpan<T> table, int length, int[] ids)
    {
        var target = Make(length);
        Instructions.Add(new LookupInstruction<T>(Constant(table).Address, target, ids));
        return target;
    }

    /// <summary>Joins rows.</summary>
    public StepRows Join(params StepRows[] parts)
    {
        var (target, at) = (Make(parts.Sum(part => part.Length)), 0);
        foreach (var part in parts)
        {
            Copy(part, target.Part<T>(at, part.Length));
            at += part.Length;
        }

        return target;
    }

    /// <summary>Copies rows.</summary>
    public void Copy(StepRows source, StepRows target) => Instructions.Add(new CopyInstruction<T>(source, target));

    /// <summary>Shows rows to a function, which may change them.</summary>
    public void Show(StepRows rows, Action<nint, nint, int> function) => Instructions.Add(new ShowInstruction<T>(rows, function));

    /// <summary>Room for rows that an instruction writes.</summary>
    protected StepRows Make(int length)
    {
        var stride = Stride.Padded<T>(length);
        _longest = Math.Max(_longest, length);
        var address = (nint)Take(batch * stride);
        return new StepRows(address, stride, length, Root: address);
    }

    /// <summary>sum += a.</summary>
    protected abstract void AddTo(StepRows sum, StepRows a);

    /// <summary>Lets instructions take into their own loops what they alone read.</summary>
    protected abstract void Fuse();

    private void Run(List<StepInstruction> list, int from, int to, StepPlace place)
    {
        var instructions = CollectionsMarshal.AsSpan(list);
        var few = Math.Max(1, RunBytes / (_longest * sizeof(T)));
        for (var (begin, end) = (0, 0); begin < instructions.Length; begin = end)
        {
            end = begin + 1;
            if (instructions[begin].TakesAllRows)
            {
                instructions[begin].Run(from, to, place);
                continue;
            }

            while (end < instructions.Length && !instructions[end].TakesAllRows)
            {
                end++;
            }

            for (var row = from; row < to; row += few)
            {
                var rows = Math.Min(row + few, to);
                foreach (var instruction in instructions[begin..end])
                {
                    instruction.Run(row, rows, place);
                }
            }
        }
    }

    /// <summary>Memory on a cache line of its own, zero, with room for a vector behind it.</summary>
    protected T* Take(nint count)
    {
        var bytes = ((count * sizeof(T)) + Line + Line - 1) & ~(nint)(Line - 1);
        if (take is not null)
        {
            return (T*)take(bytes);
        }

        if (_end - _free < bytes)
        {
            var block = GC.AllocateArray<T>(checked((int)(Math.Max(BlockBytes, bytes + Line) / sizeof(T))), pinned: true);
            _blocks.Add(block);
            var start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(block));
            (_free, _end) = ((start + Line - 1) & ~(nint)(Line - 1), start + ((nint)block.Length * sizeof(T)));
        }

        var taken = (T*)_free;
        _free += bytes;
        return taken;
    }
}

/// <summary>The instructions in one vector width.</summary>
internal sealed unsafe class StepProgram<S, V, T>(int batch, Func<nint, nint>? take) : StepProgram<T>(batch, take)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    protected override int Lanes => S.Lanes;

    public override StepRows Apply(StepOperation operation, StepRows a, StepRows? b)
    {
        var target = Make(Math.Max(a.Length, b?.Length ?? 0));
        Instructions.Add(new ElementwiseInstruction<S, V, T>(target, StepFunctions<S, V, T>.Of(operation), a, b));
        return target;
    }

    public override StepRows Product(StepRows a, T* weight, nint columnStride, nint depthStride, StepRows plus)
    {
        var target = Make(plus.Length);
        var panels = Take(ColumnPanels<S, V, T>.Elements(target.Length, a.Length));
        ColumnPanels<S, V, T>.Pack(weight, columnStride, depthStride, target.Length, a.Length, panels);
        Instructions.Add(new ProductInstruction<S, V, T>(target, a, plus, panels));
        return target;
    }

    protected override void AddTo(StepRows sum, StepRows a) => Instructions.Add(new ElementwiseInstruction<S, V, T>(sum, StepFunctions<S, V, T>.Of(StepOperation.Add), sum, a));

    public override StepRows RowMean(StepRows a)
    {
        var target = Make(1);
        Instructions.Add(new MeanInstruction<S, V, T>(target, a));
        return target;
    }

    public override StepRows RowScale(StepRows a, StepRows mean, double epsilon)
    {
        var target = Make(1);
        Instructions.Add(new ScaleInstruction<S, V, T>(target, a, mean, epsilon));
        return target;
    }

    protected override void Fuse() => ElementwiseInstruction<S, V, T>.Fuse(Instructions, Own);
}
