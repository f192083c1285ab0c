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

/// <summary>target = a W' + plus, for W in <see cref="ColumnPanels{S, V, T}"/>.</summary>
internal sealed unsafe class ProductInstruction<S, V, T>(StepRows target, StepRows a, StepRows plus, T* panels) : StepInstruction(target, a, plus)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    public override bool TakesAllRows => true;

    public override void Run(int from, int to, StepPlace place) => ColumnPanels<S, V, T>.Multiply(
        Operands[0].At<T>(from, place), Operands[0].Stride, to - from, Operands[0].Length, panels, Target.Length,
        Operands[1].At<T>(from, place), Operands[1].Stride, Target.At<T>(from, place), Target.Stride);
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
