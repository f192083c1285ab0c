using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// Recurrences in which every entry of h is one of its own, on raw CPU memory: one pass over memory forward and one back.
/// </summary>
internal static class ElementKernel
{
    /// <summary>How many arrays [T, N] a pass keeps for the one back, besides h.</summary>
    public static int Kept(CellKind cell) => cell == CellKind.MinGru ? MinGruElement<Simd128<float>, Vector128<float>, float>.Kept : IndRnnElement<Simd128<float>, Vector128<float>, float>.Kept;

    /// <summary>Finds h, and what the pass back reads.</summary>
    public static void Forward<T>(CellKind cell, in ElementArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(cell, arguments, isForward: true, threads, width ?? VectorWidths.Best);

    /// <summary>Finds the gradients.</summary>
    public static void Backward<T>(CellKind cell, in ElementArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(cell, arguments, isForward: false, threads, width ?? VectorWidths.Best);

    private static void Run<T>(CellKind cell, in ElementArguments<T> arguments, bool isForward, int threads, VectorWidth width)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"element: expected Single or Double, got {typeof(T).Name}");
        }

        switch (width)
        {
            case VectorWidth.Bits512: Run<Simd512<T>, Vector512<T>, T>(cell, arguments, isForward, threads); break;
            case VectorWidth.Bits256: Run<Simd256<T>, Vector256<T>, T>(cell, arguments, isForward, threads); break;
            default: Run<Simd128<T>, Vector128<T>, T>(cell, arguments, isForward, threads); break;
        }
    }

    private static void Run<S, V, T>(CellKind cell, in ElementArguments<T> arguments, bool isForward, int threads)
        where S : struct, ISimd<V, T>
        where V : struct
        where T : unmanaged
    {
        switch (cell)
        {
            case CellKind.MinGru: ElementPass<MinGruElement<S, V, T>, S, V, T>.Run(arguments, isForward, threads); break;
            case CellKind.IndRnn: ElementPass<IndRnnElement<S, V, T>, S, V, T>.Run(arguments, isForward, threads); break;
            default: throw new ArgumentOutOfRangeException(nameof(cell), $"cell: expected an element-wise one, got {cell}");
        }
    }
}

/// <summary>
/// Where <see cref="ElementKernel"/> reads and writes: dense arrays [T, N] of T steps of N = B·H entries, packed where sequences
/// end before the last step, or of N entries.
/// </summary>
internal unsafe struct ElementArguments<T>
    where T : unmanaged
{
    /// <summary>T, and the sequences that each step has.</summary>
    public BatchSizes Sizes;

    /// <summary>H.</summary>
    public nint Hidden;

    /// <summary>Whether the sequence is walked from T - 1 to 0.</summary>
    public bool Reverse;

    /// <summary>What the steps read [T, N]: read forward.</summary>
    public ElementArrays<T> X;

    /// <summary>What the cell keeps [T, N]: written forward, read back. Null where no pass back follows.</summary>
    public ElementArrays<T> Kept;

    /// <summary>The units' numbers, once for each sequence [N]; null for a cell that has none. Read.</summary>
    public T* Parameter;

    /// <summary>The state before the first step of the walk [N].</summary>
    public T* H0;

    /// <summary>h [T, N]: written forward, read back.</summary>
    public T* Output;

    /// <summary>h [T, N] once more, for a caller who may change it before the backward pass; or null. Written.</summary>
    public T* OutputCopy;

    /// <summary>∂L/∂h of each step from outside [T, N]; null for zero.</summary>
    public T* DOutput;

    /// <summary>∂L/∂h_n on entry, ∂L/∂h_0 on return [N].</summary>
    public T* DState;

    /// <summary>∂L/∂X [T, N], written.</summary>
    public ElementArrays<T> DX;

    /// <summary>The sequences' parts of ∂L/∂parameter [N], added to; null for a cell that has none.</summary>
    public T* DParameter;

    /// <summary>What reaches h from the later steps of the walk [T, N], written; null where nobody asks.</summary>
    public T* DFuture;

    /// <summary>Is shown, and may change, ∂L/∂h of each step in full before it goes on; or null. With it there is one thread.</summary>
    public StepChange<T>? Change;

    /// <summary>Where a step of the walk begins.</summary>
    public readonly nint Row(int step) => (nint)Sizes.Start(Time(step)) * Hidden;

    /// <summary>The entries that a step of the walk has; none before the first step.</summary>
    public readonly nint Entries(int step) => step < 0 ? 0 : Sizes[Time(step)] * Hidden;

    public readonly int Time(int step) => Reverse ? Sizes.Steps - 1 - step : step;
}

/// <summary>Arrays of a cell, as many as it has; the others are null.</summary>
internal unsafe struct ElementArrays<T>
    where T : unmanaged
{
    public T* A, B, C;
}

/// <summary>One pass of <see cref="ElementKernel"/>; each part takes a range of the entries through all steps.</summary>
internal sealed unsafe class ElementPass<C, S, V, T> : ParallelWork
    where C : struct, IElementCell<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    // Vectors of the widest kind, of floats, have 16 lanes.
    private const int MostLanes = 16;
    private readonly ElementArguments<T> a;
    private readonly bool isForward;
    private readonly nint[] bounds;

    private ElementPass(in ElementArguments<T> arguments, bool isForward, int threads)
    {
        (a, this.isForward) = (arguments, isForward);
        var (sizes, hidden) = (arguments.Sizes, arguments.Hidden);
        if (sizes.IsEven)
        {
            var entries = sizes.Batch * hidden;
            var vectors = checked((int)((entries + S.Lanes - 1) / S.Lanes));
            var parts = Math.Clamp(threads, 1, Math.Max(1, vectors));
            bounds = [.. Enumerable.Range(0, parts + 1).Select(part => nint.Min((nint)Partition.Start(vectors, part, parts) * S.Lanes, entries))];
        }
        else
        {
            bounds = [.. sizes.Parts(Math.Min(threads, sizes.Batch)).Select(sequence => sequence * hidden)];
        }
    }

    /// <summary>Whether a vector is whole: known when a method is compiled.</summary>
    private interface IWidth
    {
        static abstract bool IsWhole { get; }
    }

    public static void Run(in ElementArguments<T> arguments, bool isForward, int threads)
    {
        var pass = new ElementPass<C, S, V, T>(arguments, isForward, threads);
        WorkerPool.Run(pass, pass.bounds.Length - 1);
    }

    public override void Run(int part)
    {
        var steps = a.Sizes.Steps;
        for (var walked = 0; walked < steps; walked++)
        {
            var step = isForward ? walked : steps - 1 - walked;
            var to = nint.Min(bounds[part + 1], a.Entries(step));
            var begun = nint.Clamp(a.Entries(step - 1), bounds[part], nint.Max(bounds[part], to)); // beyond, the state before is the initial one
            if (!isForward && a.Change is not null)
            {
                Change(step, to);
            }

            if (bounds[part] < begun)
            {
                Run(a.Row(step), a.Output + a.Row(step - 1), bounds[part], begun);
            }

            if (begun < to)
            {
                Run(a.Row(step), a.H0, begun, to);
            }
        }
    }

    // The walk back goes on from what the hook leaves in a.DState: the gradient in full.
    private void Change(int step, nint entries)
    {
        if (a.DFuture != null)
        {
            Copy(a.DFuture + a.Row(step), a.DState, (int)entries);
        }

        if (a.DOutput != null)
        {
            RowBlock<S, V, T>.Add(a.DState, 0, a.DOutput + a.Row(step), 0, 1, (int)entries);
        }

        a.Change!(a.Time(step), false, a.DState, a.Hidden, (int)(entries / a.Hidden));
    }

    // The end of a row may be the end of the memory: the last entries go through a vector on the stack.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(nint row, T* before, nint from, nint to)
    {
        if (!isForward && a.DFuture != null && a.Change is null)
        {
            Copy(a.DFuture + row + from, a.DState + from, (int)(to - from));
        }

        var rest = stackalloc T[MostLanes];
        var i = from;
        for (; i <= to - S.Lanes; i += S.Lanes)
        {
            Run<Whole>(row + i, i, before, S.Lanes, rest);
        }

        if (i < to)
        {
            Run<Part>(row + i, i, before, (int)(to - i), rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Run<W>(nint at, nint i, T* before, int count, T* rest)
        where W : struct, IWidth
    {
        if (isForward)
        {
            Forward<W>(at, i, before, count, rest);
        }
        else
        {
            Backward<W>(at, i, before, count, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Forward<W>(nint at, nint i, T* before, int count, T* rest)
        where W : struct, IWidth
    {
        var x = new ElementValues<V> { A = Get<W>(a.X.A + at, count, rest) };
        x.B = C.Inputs > 1 ? Get<W>(a.X.B + at, count, rest) : S.Zero;
        x.C = C.Inputs > 2 ? Get<W>(a.X.C + at, count, rest) : S.Zero;
        var h = C.Advance(x, C.HasParameter ? Get<W>(a.Parameter + i, count, rest) : S.Zero, Get<W>(before + i, count, rest), out var kept);
        Put<W>(a.Output + at, h, count, rest);
        if (a.OutputCopy != null)
        {
            Put<W>(a.OutputCopy + at, h, count, rest);
        }

        if (C.Kept > 0 && a.Kept.A != null)
        {
            Put<W>(a.Kept.A + at, kept.A, count, rest);
            if (C.Kept > 1)
            {
                Put<W>(a.Kept.B + at, kept.B, count, rest);
            }

            if (C.Kept > 2)
            {
                Put<W>(a.Kept.C + at, kept.C, count, rest);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Backward<W>(nint at, nint i, T* before, int count, T* rest)
        where W : struct, IWidth
    {
        var kept = new ElementValues<V> { A = C.Kept > 0 ? Get<W>(a.Kept.A + at, count, rest) : S.Zero };
        kept.B = C.Kept > 1 ? Get<W>(a.Kept.B + at, count, rest) : S.Zero;
        kept.C = C.Kept > 2 ? Get<W>(a.Kept.C + at, count, rest) : S.Zero;
        var dH = Get<W>(a.DState + i, count, rest);
        dH = a.DOutput == null || a.Change is not null ? dH : S.Add(Get<W>(a.DOutput + at, count, rest), dH);
        var parameter = C.HasParameter ? Get<W>(a.Parameter + i, count, rest) : S.Zero;
        var on = C.Return(dH, kept, parameter, Get<W>(before + i, count, rest), Get<W>(a.Output + at, count, rest), out var dX, out var dParameter);
        Put<W>(a.DState + i, on, count, rest);
        Put<W>(a.DX.A + at, dX.A, count, rest);
        if (C.Inputs > 1)
        {
            Put<W>(a.DX.B + at, dX.B, count, rest);
        }

        if (C.Inputs > 2)
        {
            Put<W>(a.DX.C + at, dX.C, count, rest);
        }

        if (C.HasParameter)
        {
            Put<W>(a.DParameter + i, S.Add(Get<W>(a.DParameter + i, count, rest), dParameter), count, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Get<W>(T* at, int count, T* rest)
        where W : struct, IWidth
    {
        if (W.IsWhole)
        {
            return S.Load(at);
        }

        Copy(rest, at, count);
        return S.Load(rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<W>(T* at, V value, int count, T* rest)
        where W : struct, IWidth
    {
        if (W.IsWhole)
        {
            S.Store(at, value);
            return;
        }

        S.Store(rest, value);
        Copy(at, rest, count);
    }

    private static void Copy(T* target, T* source, int count) => new ReadOnlySpan<T>(source, count).CopyTo(new Span<T>(target, count));

    private readonly struct Whole : IWidth
    {
        public static bool IsWhole => true;
    }

    private readonly struct Part : IWidth
    {
        public static bool IsWhole => false;
    }
}
