using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// A step of Adam in one pass over a parameter's elements, where libtorch makes eight, each for a call of its own:
/// <code>
/// m = β1 m + (1 - β1) g,   v = β2 v + (1 - β2) g²,   p -= rate m / (√v / root + ε)
/// </code>
/// Operation by operation what libtorch rounds, where multiply and add are fused; but its roots are not always the nearest.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe struct AdamStep<T>
    where T : unmanaged
{
    // A part is worth a thread's waking from about 100 µs on.
    private const int ElementsPerThread = 200_000;

    /// <summary>p. Read and written.</summary>
    public T* Parameter;

    /// <summary>g. Read.</summary>
    public T* Gradient;

    /// <summary>m. Read and written.</summary>
    public T* First;

    /// <summary>v. Read and written.</summary>
    public T* Second;

    /// <summary>How many elements each has.</summary>
    public long Count;

    /// <summary>β1.</summary>
    public double FirstDecay;

    /// <summary>β2.</summary>
    public double SecondDecay;

    /// <summary>η/(1 - β1^s).</summary>
    public double Rate;

    /// <summary>√(1 - β2^s).</summary>
    public double Root;

    /// <summary>ε.</summary>
    public double Epsilon;

    /// <summary>Takes the step.</summary>
    public readonly void Run(int threads, VectorWidth? width = null)
    {
        var parts = (int)Math.Clamp(Count / ElementsPerThread, 1, threads);
        ParallelWork work = (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => new Work<Simd512<T>, Vector512<T>>(this, parts),
            VectorWidth.Bits256 => new Work<Simd256<T>, Vector256<T>>(this, parts),
            _ => new Work<Simd128<T>, Vector128<T>>(this, parts),
        };
        WorkerPool.Run(work, parts);
    }

    private sealed class Work<S, V>(AdamStep<T> step, int parts) : ParallelWork
        where S : struct, ISimd<V, T>
        where V : struct
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Run(int part)
        {
            var vectors = step.Count / S.Lanes;
            var (i, end) = ((nint)(vectors * part / parts * S.Lanes), (nint)(vectors * (part + 1) / parts * S.Lanes));
            for (; i < end; i += S.Lanes)
            {
                Vector(step.Parameter + i, step.Gradient + i, step.First + i, step.Second + i);
            }

            if (part == parts - 1 && end < step.Count)
            {
                Rest(end, (int)(step.Count - end));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Vector(T* parameter, T* gradient, T* first, T* second)
        {
            var g = S.Load(gradient);
            var m = S.MultiplyAdd(g, S.Constant(1 - step.FirstDecay), S.Multiply(S.Load(first), S.Constant(step.FirstDecay)));
            var v = S.MultiplyAdd(S.Multiply(S.Constant(1 - step.SecondDecay), g), g, S.Multiply(S.Load(second), S.Constant(step.SecondDecay)));
            var root = S.Add(S.Divide(S.Sqrt(v), S.Constant(step.Root)), S.Constant(step.Epsilon));
            S.Store(first, m);
            S.Store(second, v);
            S.Store(parameter, S.Add(S.Load(parameter), S.Divide(S.Multiply(S.Constant(-step.Rate), m), root)));
        }

        // Fewer elements than a vector has, in vectors of their own.
        private void Rest(nint from, int count)
        {
            T*[] arrays = [step.Parameter + from, step.Gradient + from, step.First + from, step.Second + from];
            var padded = stackalloc T[4 * S.Lanes];
            new Span<T>(padded, 4 * S.Lanes).Clear();
            for (var array = 0; array < arrays.Length; array++)
            {
                new Span<T>(arrays[array], count).CopyTo(new Span<T>(padded + (array * S.Lanes), count));
            }

            Vector(padded, padded + S.Lanes, padded + (2 * S.Lanes), padded + (3 * S.Lanes));
            for (var array = 0; array < arrays.Length; array++)
            {
                new Span<T>(padded + (array * S.Lanes), count).CopyTo(new Span<T>(arrays[array], count));
            }
        }
    }
}
