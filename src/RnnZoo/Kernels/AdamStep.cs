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
        ParallelWork work = (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => new Work<Simd512<T>, Vector512<T>>(this, threads),
            VectorWidth.Bits256 => new Work<Simd256<T>, Vector256<T>>(this, threads),
            _ => new Work<Simd128<T>, Vector128<T>>(this, threads),
        };
        WorkerPool.Run(work, threads);
    }

    private sealed class Work<S, V>(AdamStep<T> step, int parts) : ParallelWork
        where S : struct, ISimd<V, T>
        where V : struct
    {
        public override void Run(int part)
        {
            var vectors = step.Count / S.Lanes;
            var (start, end) = ((nint)(vectors * part / parts * S.Lanes), (nint)(vectors * (part + 1) / parts * S.Lanes));
            Pass(step.Parameter + start, step.Gradient + start, step.First + start, step.Second + start, end - start);
            if (part == parts - 1 && end < step.Count)
            {
                Rest([step.Parameter + end, step.Gradient + end, step.First + end, step.Second + end], (int)(step.Count - end));
            }
        }

        // Fewer elements than a vector has, in vectors of their own.
        private void Rest(T*[] arrays, int count)
        {
            var padded = stackalloc T[4 * S.Lanes];
            RowBlock<S, V, T>.Clear(padded, 4 * S.Lanes);
            for (var array = 0; array < arrays.Length; array++)
            {
                RowBlock<S, V, T>.Copy(padded + (array * S.Lanes), 0, arrays[array], 0, 1, count);
            }

            Pass(padded, padded + S.Lanes, padded + (2 * S.Lanes), padded + (3 * S.Lanes), S.Lanes);
            for (var array = 0; array < arrays.Length; array++)
            {
                RowBlock<S, V, T>.Copy(arrays[array], 0, padded + (array * S.Lanes), 0, 1, count);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Pass(T* parameter, T* gradient, T* first, T* second, nint count)
        {
            var (firstDecay, firstGain) = (S.Constant(step.FirstDecay), S.Constant(1 - step.FirstDecay));
            var (secondDecay, secondGain) = (S.Constant(step.SecondDecay), S.Constant(1 - step.SecondDecay));
            var (minusRate, divisor, epsilon) = (S.Constant(-step.Rate), S.Constant(step.Root), S.Constant(step.Epsilon));
            for (nint i = 0; i < count; i += S.Lanes)
            {
                var g = S.Load(gradient + i);
                var m = S.MultiplyAdd(g, firstGain, S.Multiply(S.Load(first + i), firstDecay));
                var v = S.MultiplyAdd(S.Multiply(secondGain, g), g, S.Multiply(S.Load(second + i), secondDecay));
                var root = S.Add(S.Divide(S.Sqrt(v), divisor), epsilon);
                S.Store(first + i, m);
                S.Store(second + i, v);
                S.Store(parameter + i, S.Add(S.Load(parameter + i), S.Divide(S.Multiply(minusRate, m), root)));
            }
        }
    }
}
