using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>What a step does at one place of its program.</summary>
/// <param name="target">The rows that it writes.</param>
/// <param name="operands">The rows that it reads.</param>
internal abstract class StepInstruction(StepRows target, params StepRows[] operands)
{
    /// <summary>The rows that it writes.</summary>
    public StepRows Target { get; protected set; } = target;

    /// <summary>The rows that it reads.</summary>
    public StepRows[] Operands { get; protected set; } = operands;

    /// <summary>Whether an entry of the target takes nothing but the entries in its place.</summary>
    public virtual bool IsElementwise => false;

    /// <summary>Whether many rows at once are faster than a few.</summary>
    public virtual bool TakesAllRows => false;

    /// <summary>All rows that it writes or reads.</summary>
    public StepRows[] All => [Target, .. Operands];

    /// <summary>Lets it write and read elsewhere what it wrote and read in some rows.</summary>
    /// <param name="where">Of rows those that take their place, or the same.</param>
    public void Move(Func<StepRows, StepRows> where) => (Target, Operands) = (where(Target), Array.ConvertAll(Operands, operand => where(operand)));

    /// <param name="from">The first row.</param>
    /// <param name="to">The row after the last.</param>
    /// <param name="place">Where the step is.</param>
    public abstract void Run(int from, int to, StepPlace place);
}

/// <summary>
/// target = a W' + plus. The weights lie in groups of up to 8 vectors of columns, as even as can be, and in a group by rows of
/// W': [group][n, vectors, lanes]. So the product of a single row reads them once, from the first byte to the last, and each
/// element of the row goes into 8 sums, which is what hides that a multiply-add takes its time.
/// </summary>
internal sealed unsafe class ProductInstruction<S, V, T>(StepRows target, StepRows a, StepRows plus, T* panels) : StepInstruction(target, a, plus)
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

    public override void Run(int from, int to, StepPlace place)
    {
        var rows = to - from;
        var (a, plus) = (Operands[0], Operands[1]);
        var left = a.At<T>(from, place);
        var added = plus.At<T>(from, place);
        var made = Target.At<T>(from, place);
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
                    CStride = Target.Stride,
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

/// <summary>target = √(variance(a) + ε) of every row.</summary>
internal sealed unsafe class ScaleInstruction<S, V, T>(StepRows target, StepRows a, StepRows mean, double epsilon) : StepInstruction(target, a, mean)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run(int from, int to, StepPlace place)
    {
        for (var row = from; row < to; row++)
        {
            var squares = SumOfSquares(Operands[0].At<T>(row, place), Operands[0].Length, Operands[1].At<T>(row, place));
            *Target.At<T>(row, place) = T.CreateTruncating(Math.Sqrt((squares / Operands[0].Length) + epsilon));
        }
    }

    // Of the distances from the mean, summed in double.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(T* row, int length, T* mean)
    {
        var whole = length / S.Lanes * S.Lanes;
        var (centre, low, high) = (S.Broadcast(mean), S.Zero, S.Zero);
        for (var i = 0; i < whole; i += S.Lanes)
        {
            var centred = S.Subtract(S.Load(row + i), centre);
            (low, high) = (S.AddLowSquares(low, centred), S.AddHighSquares(high, centred));
        }

        var squares = S.SumOfDoubles(low) + S.SumOfDoubles(high);
        for (var i = whole; i < length; i++)
        {
            var centred = double.CreateTruncating(row[i] - *mean);
            squares += centred * centred;
        }

        return squares;
    }
}

/// <summary>target = mean(a) of every row.</summary>
internal sealed unsafe class MeanInstruction<S, V, T>(StepRows target, StepRows a) : StepInstruction(target, a)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override void Run(int from, int to, StepPlace place)
    {
        for (var row = from; row < to; row++)
        {
            *Target.At<T>(row, place) = T.CreateTruncating(Of(Operands[0].At<T>(row, place), Operands[0].Length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Of(T* row, int length)
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

/// <summary>Every row of target is that of a table that its id says.</summary>
internal sealed unsafe class LookupInstruction<T>(nint table, StepRows target, int[] ids) : StepInstruction(target)
    where T : unmanaged
{
    public override void Run(int from, int to, StepPlace place)
    {
        for (var row = from; row < to; row++)
        {
            new Span<T>((T*)table + ((nint)ids[row] * Target.Length), Target.Length).CopyTo(new Span<T>(Target.At<T>(row, place), Target.Length));
        }
    }
}

/// <summary>target = source.</summary>
internal sealed unsafe class CopyInstruction<T>(StepRows source, StepRows target) : StepInstruction(target, source)
    where T : unmanaged
{
    public override void Run(int from, int to, StepPlace place)
    {
        for (var row = from; row < to; row++)
        {
            new Span<T>(Operands[0].At<T>(row, place), Target.Length).CopyTo(new Span<T>(Target.At<T>(row, place), Target.Length));
        }
    }
}

/// <summary>Shows a step's rows to a function: the address of the first, elements from one to the next, and how many there are.</summary>
internal sealed unsafe class ShowInstruction<T>(StepRows rows, Action<nint, nint, int> function) : StepInstruction(rows, rows)
    where T : unmanaged
{
    public override bool TakesAllRows => true;

    public override void Run(int from, int to, StepPlace place) => function((nint)Target.At<T>(from, place), Target.Stride, to - from);
}
