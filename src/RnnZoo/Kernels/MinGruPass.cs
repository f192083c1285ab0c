using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

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
    private readonly int vectors;
    private readonly int parts;

    private MinGruPass(in MinGruArguments<T> arguments, bool isForward, int threads)
    {
        (a, this.isForward) = (arguments, isForward);
        vectors = checked((int)((arguments.Entries + S.Lanes - 1) / S.Lanes));
        parts = Math.Clamp(threads, 1, Math.Max(1, vectors));
    }

    public static void Run(in MinGruArguments<T> arguments, bool isForward, int threads)
    {
        var pass = new MinGruPass<S, V, T>(arguments, isForward, threads);
        WorkerPool.Run(pass, pass.parts);
    }

    public override void Run(int part)
    {
        nint from = (nint)Partition.Start(vectors, part, parts) * S.Lanes;
        var to = Math.Min((nint)Partition.Start(vectors, part + 1, parts) * S.Lanes, a.Entries);
        if (isForward)
        {
            for (var step = 0; step < a.Steps; step++)
            {
                Forward(a.Row(step), a.Before(step), from, to);
            }
        }
        else
        {
            for (var step = a.Steps - 1; step >= 0; step--)
            {
                Backward(a.Row(step), a.Before(step), from, to);
            }
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
        var dOutput = a.DOutput == null ? null : a.DOutput + row;
        if (a.DFuture != null)
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
        var z = S.Divide(S.Constant(1), VectorMath<S, V, T>.SigmoidDenominator(gate));
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
