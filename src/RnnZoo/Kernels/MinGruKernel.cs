using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// The recurrence of the minGRU on raw CPU memory, where every entry of h is a recurrence of its own: one pass over memory
/// forward and one back. Element by element:
/// <code>
/// (1)  z = σ(a),   h = h' + z (g - h')                          h': the step before
/// (2)  dh = dOutput + dFuture
/// (3)  dg = dh z,   da = (dh g - dh h') (z - z z),   dFuture' = dh - dg
/// </code>
/// </summary>
internal static class MinGruKernel
{
    /// <summary>Finds z and h.</summary>
    public static void Forward<T>(in MinGruArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(arguments, isForward: true, threads, width ?? VectorWidths.Best);

    /// <summary>Finds the gradients.</summary>
    public static void Backward<T>(in MinGruArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(arguments, isForward: false, threads, width ?? VectorWidths.Best);

    private static void Run<T>(in MinGruArguments<T> arguments, bool isForward, int threads, VectorWidth width)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"element: expected Single or Double, got {typeof(T).Name}");
        }

        switch (width)
        {
            case VectorWidth.Bits512: MinGruPass<Simd512<T>, Vector512<T>, T>.Run(arguments, isForward, threads); break;
            case VectorWidth.Bits256: MinGruPass<Simd256<T>, Vector256<T>, T>.Run(arguments, isForward, threads); break;
            default: MinGruPass<Simd128<T>, Vector128<T>, T>.Run(arguments, isForward, threads); break;
        }
    }
}

/// <summary>
/// Where <see cref="MinGruKernel"/> reads and writes: dense arrays [T, N] of T steps of N = B·H entries, packed where sequences
/// end before the last step, or of N entries.
/// </summary>
internal unsafe struct MinGruArguments<T>
    where T : unmanaged
{
    /// <summary>T, and the sequences that each step has.</summary>
    public BatchSizes Sizes;

    /// <summary>H.</summary>
    public nint Hidden;

    /// <summary>Whether the sequence is walked from T - 1 to 0.</summary>
    public bool Reverse;

    /// <summary>a [T, N]: read forward.</summary>
    public T* GateProduct;

    /// <summary>g [T, N]: read forward.</summary>
    public T* CandidateProduct;

    /// <summary>z [T, N]: written forward, read back. May be <see cref="GateProduct"/>.</summary>
    public T* Gate;

    /// <summary>g [T, N] once more: written forward, read back. May be <see cref="CandidateProduct"/>.</summary>
    public T* Candidate;

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

    /// <summary>∂L/∂a [T, N], written.</summary>
    public T* DGate;

    /// <summary>∂L/∂g [T, N], written.</summary>
    public T* DCandidate;

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

/// <summary>One pass of <see cref="MinGruKernel"/>; each part takes a range of the entries through all steps.</summary>
internal sealed unsafe class MinGruPass<S, V, T> : ParallelWork
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    // Vectors of the widest kind, of floats, have 16 lanes.
    private const int MostLanes = 16;
    private readonly MinGruArguments<T> a;
    private readonly bool isForward;
    private readonly nint[] bounds;

    private MinGruPass(in MinGruArguments<T> arguments, bool isForward, int threads)
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

    public static void Run(in MinGruArguments<T> arguments, bool isForward, int threads)
    {
        var pass = new MinGruPass<S, V, T>(arguments, isForward, threads);
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

    private void Run(nint row, T* before, nint from, nint to)
    {
        if (isForward)
        {
            Forward(row, before, from, to);
        }
        else
        {
            Backward(row, before, from, to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forward(nint row, T* before, nint from, nint to)
    {
        var gate = a.Gate + row;
        var candidate = a.Candidate + row;
        var output = a.Output + row;
        var copy = a.OutputCopy == null ? null : a.OutputCopy + row;
        var keeps = a.Candidate != a.CandidateProduct;
        var i = from;
        for (; i <= to - S.Lanes; i += S.Lanes)
        {
            var g = S.Load(a.CandidateProduct + row + i);
            var z = Advance(S.Load(a.GateProduct + row + i), g, S.Load(before + i), out var h);
            S.Store(gate + i, z);
            S.Store(output + i, h);
            if (keeps)
            {
                S.Store(candidate + i, g);
            }

            if (copy != null)
            {
                S.Store(copy + i, h);
            }
        }

        if (i < to)
        {
            // The end of a row may be the end of the memory: the entries go through vectors on the stack.
            var count = (int)(to - i);
            var rest = stackalloc T[3 * MostLanes];
            var restG = rest + MostLanes;
            var restH = rest + (2 * MostLanes);
            Copy(rest, a.GateProduct + row + i, count);
            Copy(restG, a.CandidateProduct + row + i, count);
            Copy(restH, before + i, count);
            Copy(candidate + i, restG, count);
            var z = Advance(S.Load(rest), S.Load(restG), S.Load(restH), out var h);
            S.Store(rest, z);
            S.Store(restH, h);
            Copy(gate + i, rest, count);
            Copy(output + i, restH, count);
            if (copy != null)
            {
                Copy(copy + i, restH, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Backward(nint row, T* before, nint from, nint to)
    {
        var gate = a.Gate + row;
        var candidate = a.Candidate + row;
        var dGate = a.DGate + row;
        var dCandidate = a.DCandidate + row;
        var dOutput = a.DOutput == null || a.Change is not null ? null : a.DOutput + row;
        if (a.DFuture != null && a.Change is null)
        {
            Copy(a.DFuture + row + from, a.DState + from, (int)(to - from));
        }

        var i = from;
        for (; i <= to - S.Lanes; i += S.Lanes)
        {
            var dH = dOutput == null ? S.Load(a.DState + i) : S.Add(S.Load(dOutput + i), S.Load(a.DState + i)); // (2)
            S.Store(a.DState + i, Return(dH, S.Load(gate + i), S.Load(candidate + i), S.Load(before + i), out var dA, out var dG));
            S.Store(dGate + i, dA);
            S.Store(dCandidate + i, dG);
        }

        if (i < to)
        {
            var count = (int)(to - i);
            var rest = stackalloc T[5 * MostLanes];
            var restZ = rest + MostLanes;
            var restG = rest + (2 * MostLanes);
            var restH = rest + (3 * MostLanes);
            var restD = rest + (4 * MostLanes);
            Copy(rest, a.DState + i, count);
            Copy(restZ, gate + i, count);
            Copy(restG, candidate + i, count);
            Copy(restH, before + i, count);
            if (dOutput != null)
            {
                Copy(restD, dOutput + i, count);
            }
            else
            {
                new Span<T>(restD, count).Clear();
            }

            var dH = S.Add(S.Load(restD), S.Load(rest)); // (2)
            S.Store(rest, Return(dH, S.Load(restZ), S.Load(restG), S.Load(restH), out var dA, out var dG));
            S.Store(restZ, dA);
            S.Store(restG, dG);
            Copy(a.DState + i, rest, count);
            Copy(dGate + i, restZ, count);
            Copy(dCandidate + i, restG, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Advance(V gate, V candidate, V before, out V h)
    {
        var z = VectorMath<S, V, T>.Sigmoid(gate);
        h = S.MultiplyAdd(z, S.Subtract(candidate, before), before); // (1)
        return z;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Return(V dH, V z, V candidate, V before, out V dGate, out V dCandidate)
    {
        dCandidate = S.Multiply(dH, z); // (3)
        dGate = S.Multiply(S.Multiply(dH, S.Subtract(candidate, before)), S.Subtract(z, S.Multiply(z, z))); // (3)
        return S.Subtract(dH, dCandidate); // (3)
    }

    private static void Copy(T* target, T* source, int count) => new ReadOnlySpan<T>(source, count).CopyTo(new Span<T>(target, count));
}
