using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>What a step does at one place of its program.</summary>
internal abstract class StepInstruction
{
    /// <summary>Whether many rows at once are faster than a few.</summary>
    public virtual bool TakesAllRows => false;

    /// <param name="from">The first row.</param>
    /// <param name="to">The row after the last.</param>
    /// <param name="first">Where the step's rows begin in those that have rows for every step.</param>
    public abstract void Run(int from, int to, nint first);
}

/// <summary>A function of one or two vectors, of which an unary one does not read the second.</summary>
internal interface IStepFunction<V>
    where V : struct
{
    static abstract V Of(V a, V b);
}

/// <summary>target = F(a, b), element by element.</summary>
internal sealed unsafe class ElementwiseInstruction<F, S, V, T>(StepRows target, StepRows a, StepRows b) : StepInstruction
    where F : struct, IStepFunction<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            Run(target.At<T>(row, first), a.At<T>(row, first), b.At<T>(row, first), target.Length);
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
internal sealed unsafe class ProductInstruction<S, V, T>(StepRows target, StepRows a, StepRows plus, T* panels) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private const int MostVectors = 8;
    private readonly int _vectors = VectorsOf(target.Length);

    public override bool TakesAllRows => true;

    /// <summary>Elements of the packed weights [N, n].</summary>
    public static long PanelElements(int columns, int depth) => (long)VectorsOf(columns) * S.Lanes * depth;

    /// <summary>Packs weights [N, n]; the memory is zero.</summary>
    public static void Pack(T* weight, nint columnStride, nint depthStride, int columns, int depth, T* panels)
    {
        var vectors = VectorsOf(columns);
        for (var (group, first) = (0, 0); first < vectors; group++)
        {
            var count = Partition.Start(vectors, group + 1, GroupsOf(vectors)) - first;
            for (var lane = 0; lane < Math.Min(count * S.Lanes, columns - (first * S.Lanes)); lane++)
            {
                var column = weight + (((first * S.Lanes) + lane) * columnStride);
                for (nint k = 0; k < depth; k++)
                {
                    panels[(k * count * S.Lanes) + lane] = column[k * depthStride];
                }
            }

            panels += (nint)depth * count * S.Lanes;
            first += count;
        }
    }

    public override void Run(int from, int to, nint first)
    {
        var rows = to - from;
        var left = a.At<T>(from, first);
        var added = plus.At<T>(from, first);
        var made = target.At<T>(from, first);
        var groups = GroupsOf(_vectors);
        var at = panels;
        for (var (group, vector) = (0, 0); group < groups; group++)
        {
            var count = Partition.Start(_vectors, group + 1, groups) - vector;
            if (rows == 1)
            {
                Row(count, left, a.Length, at, added, made);
            }
            else
            {
                Gemm<S, V, T>.Run(new GemmArguments<T>
                {
                    A = left,
                    AStride = a.Stride,
                    AStep = 1,
                    Rows = rows,
                    Depth = a.Length,
                    B = at,
                    BStride = S.Lanes,
                    BStep = (nint)count * S.Lanes,
                    Vectors = count,
                    Init = added,
                    InitStride = plus.Stride,
                    InitVectorStride = S.Lanes,
                    C = made,
                    CStride = target.Stride,
                    CVectorStride = S.Lanes,
                });
            }

            at += (nint)a.Length * count * S.Lanes;
            added += count * S.Lanes;
            made += count * S.Lanes;
            vector += count;
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
internal sealed unsafe class NormaliseInstruction<S, V, T>(StepRows target, StepRows a, StepRows gain, StepRows bias, double epsilon) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            Run(a.At<T>(row, first), target.At<T>(row, first));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(T* from, T* to)
    {
        var mean = MeanInstruction<S, V, T>.Of(from, target.Length);
        var (centre, scale) = (S.Constant(mean), S.Constant(1 / ScaleInstruction<S, V, T>.Of(from, target.Length, mean, epsilon)));
        for (nint i = 0; i < target.Length; i += S.Lanes)
        {
            var normal = S.Multiply(S.Subtract(S.Load(from + i), centre), scale);
            S.Store(to + i, S.MultiplyAdd(normal, S.Load((T*)gain.Address + i), S.Load((T*)bias.Address + i)));
        }
    }
}

/// <summary>target = √(variance(a) + ε) of every row.</summary>
internal sealed unsafe class ScaleInstruction<S, V, T>(StepRows target, StepRows a, double epsilon) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            var entries = a.At<T>(row, first);
            *target.At<T>(row, first) = T.CreateTruncating(Of(entries, a.Length, MeanInstruction<S, V, T>.Of(entries, a.Length), epsilon));
        }
    }

    /// <summary>√(variance + ε) of a row, its squares summed in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Of(T* row, int length, double mean, double epsilon)
    {
        var whole = length / S.Lanes * S.Lanes;
        var (centre, low, high) = (S.Constant(mean), S.Zero, S.Zero);
        for (var i = 0; i < whole; i += S.Lanes)
        {
            var centred = S.Subtract(S.Load(row + i), centre);
            (low, high) = (S.AddLowSquares(low, centred), S.AddHighSquares(high, centred));
        }

        var squares = S.SumOfDoubles(low) + S.SumOfDoubles(high);
        for (var i = whole; i < length; i++)
        {
            var centred = double.CreateTruncating(row[i]) - mean;
            squares += centred * centred;
        }

        return Math.Sqrt((squares / length) + epsilon);
    }
}

/// <summary>target = mean(a) of every row.</summary>
internal sealed unsafe class MeanInstruction<S, V, T>(StepRows target, StepRows a) : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            *target.At<T>(row, first) = T.CreateTruncating(Of(a.At<T>(row, first), a.Length));
        }
    }

    /// <summary>The mean of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Of(T* row, int length)
    {
        var (sum, other, pairs, whole) = (S.Zero, S.Zero, length / (2 * S.Lanes) * 2 * S.Lanes, length / S.Lanes * S.Lanes);
        for (var i = 0; i < pairs; i += 2 * S.Lanes)
        {
            (sum, other) = (S.Add(sum, S.Load(row + i)), S.Add(other, S.Load(row + i + S.Lanes)));
        }

        var total = S.Sum(S.Add(sum, pairs < whole ? S.Add(other, S.Load(row + pairs)) : other));
        for (var i = whole; i < length; i++)
        {
            total += double.CreateTruncating(row[i]);
        }

        return total / length;
    }
}

/// <summary>Every entry of a row of target is the only one of a's.</summary>
internal sealed unsafe class SpreadInstruction<T>(StepRows target, StepRows a) : StepInstruction
    where T : unmanaged
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            new Span<T>(target.At<T>(row, first), target.Length).Fill(*a.At<T>(row, first));
        }
    }
}

/// <summary>Every row of target is that of a table that its id says.</summary>
internal sealed unsafe class LookupInstruction<T>(nint table, StepRows target, int[] ids) : StepInstruction
    where T : unmanaged
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            new Span<T>((T*)table + ((nint)ids[row] * target.Length), target.Length).CopyTo(new Span<T>(target.At<T>(row, first), target.Length));
        }
    }
}

/// <summary>target = source.</summary>
internal sealed unsafe class CopyInstruction<T>(StepRows source, StepRows target) : StepInstruction
    where T : unmanaged
{
    public override void Run(int from, int to, nint first)
    {
        for (var row = from; row < to; row++)
        {
            new Span<T>(source.At<T>(row, first), source.Length).CopyTo(new Span<T>(target.At<T>(row, first), source.Length));
        }
    }
}

/// <summary>Shows a step's rows to a function: the address of the first, and how many there are.</summary>
internal sealed unsafe class ShowInstruction<T>(StepRows rows, Action<nint, int> function) : StepInstruction
    where T : unmanaged
{
    public override bool TakesAllRows => true;

    public override void Run(int from, int to, nint first) => function((nint)rows.At<T>(from, first), to - from);
}
