using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>What is done element by element, under the names of ONNX.</summary>
internal enum StepOperation
{
    Add,
    Sub,
    Mul,
    Div,
    Exp,
    Softplus,
    Sqrt,
    Sigmoid,
    Tanh,
    Relu,
    Sign,
    Abs,
}

/// <summary>Rows of a batch in the memory of a <see cref="StepProgram{T}"/>.</summary>
/// <param name="Address">Where the first row begins.</param>
/// <param name="Stride">Elements from one row to the next; 0 where one row is there for all.</param>
/// <param name="Length">Elements of a row.</param>
internal readonly record struct StepRows(nint Address, nint Stride, int Length);

/// <summary>
/// One step of a net as a list of instructions on memory of its own, written once and run as often as there are steps, on the
/// calling thread. A run allocates nothing.
/// </summary>
/// <remarks>
/// The memory is the collector's, pinned, so that nothing needs to be freed. Whole vectors are read and written: behind every
/// row that an instruction writes there is room for one, and behind every array that one may be read from.
/// </remarks>
internal abstract unsafe class StepProgram<T>(int batch)
    where T : unmanaged, INumberBase<T>
{
    private const int Line = 64;
    private const int BlockBytes = 1 << 16;
    private readonly List<T[]> _blocks = [];
    private nint _free;
    private nint _end;

    /// <summary>B.</summary>
    public int Batch => batch;

    /// <summary>What is to be done, in order.</summary>
    protected List<StepInstruction> Instructions { get; } = [];

    /// <summary>An empty program.</summary>
    /// <param name="batch">B.</param>
    /// <param name="width">The width of the vectors; the machine's best if null.</param>
    public static StepProgram<T> Of(int batch, VectorWidth? width = null) => (width ?? VectorWidths.Best) switch
    {
        VectorWidth.Bits512 => new StepProgram<Simd512<T>, Vector512<T>, T>(batch),
        VectorWidth.Bits256 => new StepProgram<Simd256<T>, Vector256<T>, T>(batch),
        _ => new StepProgram<Simd128<T>, Vector128<T>, T>(batch),
    };

    /// <summary>Makes a step.</summary>
    public void Run()
    {
        foreach (var instruction in CollectionsMarshal.AsSpan(Instructions))
        {
            instruction.Run();
        }
    }

    /// <summary>Room for rows, zero.</summary>
    public StepRows Rows(int length)
    {
        var stride = Stride.Padded<T>(length);
        return new StepRows((nint)Take(batch * stride), stride, length);
    }

    /// <summary>A row that is there for the whole batch.</summary>
    public StepRows Constant(ReadOnlySpan<T> row)
    {
        var memory = Take(row.Length);
        row.CopyTo(new Span<T>(memory, row.Length));
        return new StepRows((nint)memory, 0, row.Length);
    }

    /// <summary>A row of the batch.</summary>
    public static Span<T> RowOf(StepRows rows, int row) => new((T*)rows.Address + (row * rows.Stride), rows.Length);

    /// <summary>An operation on one or two operands of one length.</summary>
    public abstract StepRows Apply(StepOperation operation, StepRows a, StepRows b);

    /// <summary>a W' + plus.</summary>
    /// <param name="a">Rows of n.</param>
    /// <param name="weight">W [N, n], which is packed now.</param>
    /// <param name="plus">Rows of N.</param>
    public abstract StepRows Product(StepRows a, ReadOnlySpan<T> weight, StepRows plus);

    /// <summary>(a - mean(a)) / √(variance(a) + ε) of every row, times a gain, plus a bias.</summary>
    public abstract StepRows Normalised(StepRows a, StepRows gain, StepRows bias, double epsilon);

    /// <summary>Rows of a table, by the number that stands in <paramref name="ids"/> for each row of the batch.</summary>
    /// <param name="table">[V, length].</param>
    /// <param name="length">Of a row.</param>
    /// <param name="ids">[B]; each within V when the program runs.</param>
    public StepRows Lookup(ReadOnlySpan<T> table, int length, int[] ids)
    {
        var target = Rows(length);
        Instructions.Add(new LookupInstruction<T>(Constant(table).Address, target, ids));
        return target;
    }

    /// <summary>Joins rows.</summary>
    public StepRows Join(StepRows a, StepRows b)
    {
        var target = Rows(a.Length + b.Length);
        Copy(a, target with { Length = a.Length });
        Copy(b, target with { Address = target.Address + ((nint)a.Length * sizeof(T)), Length = b.Length });
        return target;
    }

    /// <summary>Copies rows.</summary>
    public void Copy(StepRows source, StepRows target) => Instructions.Add(new CopyInstruction<T>(source, target, batch));

    /// <summary>Memory on a cache line of its own, zero, with room for a vector behind it.</summary>
    protected T* Take(nint count)
    {
        var bytes = ((count * sizeof(T)) + Line + Line - 1) & ~(nint)(Line - 1);
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
internal sealed unsafe class StepProgram<S, V, T>(int batch) : StepProgram<T>(batch)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override StepRows Apply(StepOperation operation, StepRows a, StepRows b)
    {
        var target = Rows(a.Length);
        Instructions.Add(operation switch
        {
            StepOperation.Add => Of<Add>(),
            StepOperation.Sub => Of<Sub>(),
            StepOperation.Mul => Of<Mul>(),
            StepOperation.Div => Of<Div>(),
            StepOperation.Exp => Of<Exp>(),
            StepOperation.Softplus => Of<Softplus>(),
            StepOperation.Sqrt => Of<Sqrt>(),
            StepOperation.Sigmoid => Of<Sigmoid>(),
            StepOperation.Tanh => Of<Tanh>(),
            StepOperation.Relu => Of<Relu>(),
            StepOperation.Sign => Of<Sign>(),
            StepOperation.Abs => Of<Abs>(),
            _ => throw new NotSupportedException($"operation: expected one of {string.Join(", ", Enum.GetNames<StepOperation>())}, got {operation}."),
        });
        return target;

        StepInstruction Of<F>() where F : struct, IStepFunction<V> => new ElementwiseInstruction<F, S, V, T>(target, a, b, Batch);
    }

    public override StepRows Product(StepRows a, ReadOnlySpan<T> weight, StepRows plus)
    {
        var target = Rows(plus.Length);
        var panels = Take((nint)ProductInstruction<S, V, T>.PanelElements(target.Length, a.Length));
        ProductInstruction<S, V, T>.Pack(weight, target.Length, a.Length, panels);
        Instructions.Add(new ProductInstruction<S, V, T>(target, a, plus, panels, Batch));
        return target;
    }

    public override StepRows Normalised(StepRows a, StepRows gain, StepRows bias, double epsilon)
    {
        var target = Rows(a.Length);
        Instructions.Add(new NormaliseInstruction<S, V, T>(target, a, gain, bias, epsilon, Batch));
        return target;
    }

    private readonly struct Add : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Add(a, b);
    }

    private readonly struct Sub : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Subtract(a, b);
    }

    private readonly struct Mul : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Multiply(a, b);
    }

    private readonly struct Div : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Divide(a, b);
    }

    private readonly struct Exp : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Exp(a);
    }

    // max(a, 0) + log(1 + e^-|a|), good to a rounding of its larger part.
    private readonly struct Softplus : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Add(S.WhereNotBelow(a, a), S.Log(S.Add(S.Constant(1), VectorMath<S, V, T>.Exp(S.Negate(S.Max(a, S.Negate(a)))))));
    }

    private readonly struct Sqrt : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Sqrt(a);
    }

    private readonly struct Sigmoid : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Sigmoid(a);
    }

    private readonly struct Tanh : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Tanh(a);
    }

    private readonly struct Relu : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.WhereNotBelow(a, a);
    }

    private readonly struct Sign : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Subtract(S.WherePositive(a, S.Constant(1)), S.WherePositive(S.Negate(a), S.Constant(1)));
    }

    private readonly struct Abs : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Max(a, S.Negate(a));
    }
}

/// <summary>What a step does at one place of its program.</summary>
internal abstract class StepInstruction
{
    public abstract void Run();
}

/// <summary>A function of one or two vectors, of which an unary one does not read the second.</summary>
internal interface IStepFunction<V>
    where V : struct
{
    static abstract V Of(V a, V b);
}

/// <summary>target = F(a, b), element by element.</summary>
internal sealed unsafe class ElementwiseInstruction<F, S, V, T>(StepRows target, StepRows a, StepRows b, int batch) : StepInstruction
    where F : struct, IStepFunction<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public override void Run()
    {
        for (var row = 0; row < batch; row++)
        {
            Run((T*)target.Address + (row * target.Stride), (T*)a.Address + (row * a.Stride), (T*)b.Address + (row * b.Stride), target.Length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run(T* target, T* a, T* b, int length)
    {
        for (nint i = 0; i < length; i += S.Lanes)
        {
            S.Store(target + i, F.Of(S.Load(a + i), S.Load(b + i)));
        }
    }
}

/// <summary>
/// target = a W' + plus. The weights lie in groups of up to 8 vectors of columns, as even as can be, and in a group by rows of
/// W': [group][n, vectors, lanes]. So the product of a single row reads them once, from the first byte to the last, and each
/// element of the row goes into 8 sums, which is what hides that a multiply-add takes its time.
/// </summary>
internal sealed unsafe class ProductInstruction<S, V, T>(StepRows target, StepRows a, StepRows plus, T* panels, int batch) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private const int MostVectors = 8;
    private readonly int _vectors = VectorsOf(target.Length);

    /// <summary>Elements of the packed weights [N, n].</summary>
    public static long PanelElements(int columns, int depth) => (long)VectorsOf(columns) * S.Lanes * depth;

    /// <summary>Packs weights [N, n]; the memory is zero.</summary>
    public static void Pack(ReadOnlySpan<T> weight, int columns, int depth, T* panels)
    {
        var vectors = VectorsOf(columns);
        for (var (group, first) = (0, 0); first < vectors; group++)
        {
            var count = Partition.Start(vectors, group + 1, GroupsOf(vectors)) - first;
            for (var lane = 0; lane < Math.Min(count * S.Lanes, columns - (first * S.Lanes)); lane++)
            {
                var row = weight.Slice(((first * S.Lanes) + lane) * depth, depth);
                for (var k = 0; k < depth; k++)
                {
                    panels[((nint)k * count * S.Lanes) + lane] = row[k];
                }
            }

            panels += (nint)depth * count * S.Lanes;
            first += count;
        }
    }

    public override void Run()
    {
        var groups = GroupsOf(_vectors);
        var at = panels;
        for (var (group, first) = (0, 0); group < groups; group++)
        {
            var count = Partition.Start(_vectors, group + 1, groups) - first;
            var from = (T*)plus.Address + (first * S.Lanes);
            var to = (T*)target.Address + (first * S.Lanes);
            if (batch == 1)
            {
                Row(count, (T*)a.Address, a.Length, at, from, to);
            }
            else
            {
                Gemm<S, V, T>.Run(new GemmArguments<T>
                {
                    A = (T*)a.Address,
                    AStride = a.Stride,
                    AStep = 1,
                    Rows = batch,
                    Depth = a.Length,
                    B = at,
                    BStride = S.Lanes,
                    BStep = (nint)count * S.Lanes,
                    Vectors = count,
                    Init = from,
                    InitStride = plus.Stride,
                    InitVectorStride = S.Lanes,
                    C = to,
                    CStride = target.Stride,
                    CVectorStride = S.Lanes,
                });
            }

            at += (nint)a.Length * count * S.Lanes;
            first += count;
        }
    }

    private static int VectorsOf(int columns) => (columns + S.Lanes - 1) / S.Lanes;

    private static int GroupsOf(int vectors) => (vectors + MostVectors - 1) / MostVectors;

    private static void Row(int count, T* a, int depth, T* panel, T* from, T* to)
    {
        switch (count)
        {
            case 1: Row<N1>(a, depth, panel, from, to); break;
            case 2: Row<N2>(a, depth, panel, from, to); break;
            case 3: Row<N3>(a, depth, panel, from, to); break;
            case 4: Row<N4>(a, depth, panel, from, to); break;
            case 5: Row<N5>(a, depth, panel, from, to); break;
            case 6: Row<N6>(a, depth, panel, from, to); break;
            case 7: Row<N7>(a, depth, panel, from, to); break;
            default: Row<N8>(a, depth, panel, from, to); break;
        }
    }

    // A single row: the sums of C vectors of columns stay in registers while k runs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<C>(T* a, int depth, T* panel, T* from, T* to)
        where C : struct, ITileSize
    {
        nint lanes = S.Lanes;
        V c0 = S.Load(from);
        var c1 = C.Value > 1 ? S.Load(from + lanes) : S.Zero;
        var c2 = C.Value > 2 ? S.Load(from + (2 * lanes)) : S.Zero;
        var c3 = C.Value > 3 ? S.Load(from + (3 * lanes)) : S.Zero;
        var c4 = C.Value > 4 ? S.Load(from + (4 * lanes)) : S.Zero;
        var c5 = C.Value > 5 ? S.Load(from + (5 * lanes)) : S.Zero;
        var c6 = C.Value > 6 ? S.Load(from + (6 * lanes)) : S.Zero;
        var c7 = C.Value > 7 ? S.Load(from + (7 * lanes)) : S.Zero;
        for (var end = a + depth; a < end; a++, panel += C.Value * lanes)
        {
            var x = S.Broadcast(a);
            c0 = S.MultiplyAdd(x, S.Load(panel), c0);
            c1 = C.Value > 1 ? S.MultiplyAdd(x, S.Load(panel + lanes), c1) : c1;
            c2 = C.Value > 2 ? S.MultiplyAdd(x, S.Load(panel + (2 * lanes)), c2) : c2;
            c3 = C.Value > 3 ? S.MultiplyAdd(x, S.Load(panel + (3 * lanes)), c3) : c3;
            c4 = C.Value > 4 ? S.MultiplyAdd(x, S.Load(panel + (4 * lanes)), c4) : c4;
            c5 = C.Value > 5 ? S.MultiplyAdd(x, S.Load(panel + (5 * lanes)), c5) : c5;
            c6 = C.Value > 6 ? S.MultiplyAdd(x, S.Load(panel + (6 * lanes)), c6) : c6;
            c7 = C.Value > 7 ? S.MultiplyAdd(x, S.Load(panel + (7 * lanes)), c7) : c7;
        }

        S.Store(to, c0);
        Put<C>(1, to, c1);
        Put<C>(2, to, c2);
        Put<C>(3, to, c3);
        Put<C>(4, to, c4);
        Put<C>(5, to, c5);
        Put<C>(6, to, c6);
        Put<C>(7, to, c7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<C>(int vector, T* to, V sum)
        where C : struct, ITileSize
    {
        if (C.Value > vector)
        {
            S.Store(to + (vector * S.Lanes), sum);
        }
    }
}

/// <summary>target = (a - mean(a)) / √(variance(a) + ε) · gain + bias of every row.</summary>
internal sealed unsafe class NormaliseInstruction<S, V, T>(StepRows target, StepRows a, StepRows gain, StepRows bias, double epsilon, int batch) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run()
    {
        for (var row = 0; row < batch; row++)
        {
            Run((T*)a.Address + (row * a.Stride), (T*)target.Address + (row * target.Stride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(T* from, T* to)
    {
        var (length, whole) = (target.Length, target.Length / S.Lanes * S.Lanes);
        var sum = S.Zero;
        for (var i = 0; i < whole; i += S.Lanes)
        {
            sum = S.Add(sum, S.Load(from + i));
        }

        var total = S.Sum(sum);
        for (var i = whole; i < length; i++)
        {
            total += double.CreateTruncating(from[i]);
        }

        var mean = total / length;
        var (centre, low, high) = (S.Constant(mean), S.Zero, S.Zero);
        for (var i = 0; i < whole; i += S.Lanes)
        {
            var centred = S.Subtract(S.Load(from + i), centre);
            (low, high) = (S.AddLowSquares(low, centred), S.AddHighSquares(high, centred));
        }

        var squares = S.SumOfDoubles(low) + S.SumOfDoubles(high);
        for (var i = whole; i < length; i++)
        {
            var centred = double.CreateTruncating(from[i]) - mean;
            squares += centred * centred;
        }

        var scale = S.Constant(1 / Math.Sqrt((squares / length) + epsilon));
        for (nint i = 0; i < length; i += S.Lanes)
        {
            var normal = S.Multiply(S.Subtract(S.Load(from + i), centre), scale);
            S.Store(to + i, S.MultiplyAdd(normal, S.Load((T*)gain.Address + i), S.Load((T*)bias.Address + i)));
        }
    }
}

/// <summary>Every row of target is that of a table that its id says.</summary>
internal sealed unsafe class LookupInstruction<T>(nint table, StepRows target, int[] ids) : StepInstruction
    where T : unmanaged
{
    public override void Run()
    {
        for (var row = 0; row < ids.Length; row++)
        {
            new Span<T>((T*)table + ((nint)ids[row] * target.Length), target.Length).CopyTo(new Span<T>((T*)target.Address + (row * target.Stride), target.Length));
        }
    }
}

/// <summary>target = source.</summary>
internal sealed unsafe class CopyInstruction<T>(StepRows source, StepRows target, int batch) : StepInstruction
    where T : unmanaged
{
    public override void Run()
    {
        for (var row = 0; row < batch; row++)
        {
            new Span<T>((T*)source.Address + (row * source.Stride), source.Length).CopyTo(new Span<T>((T*)target.Address + (row * target.Stride), source.Length));
        }
    }
}
