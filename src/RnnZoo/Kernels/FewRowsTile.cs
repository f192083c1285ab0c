using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The micro-kernel for 1 or 2 rows (a batch of one, above all): 4 vectors wide, because a tile of two would wait for
/// the latency of its few multiply-adds. A single row has two sums per vector, one for even k and one for odd.
/// </summary>
internal static unsafe class FewRowsTile<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Computes all R = 1 or 2 rows and vectors [vector, vector + 4) of <paramref name="g"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<R>(in GemmArguments<T> g, int vector)
        where R : struct, ICount
    {
        var a0 = g.A;
        var a1 = R.Value > 1 ? a0 + g.AStride : a0;
        var b0 = g.B + (vector * g.BStride);
        var b1 = b0 + g.BStride;
        var b2 = b1 + g.BStride;
        var b3 = b2 + g.BStride;

        var init = g.Init + (vector * g.InitVectorStride);
        var step = g.InitVectorStride;
        V c00 = S.Load(init), c01 = S.Load(init + step), c02 = S.Load(init + (2 * step)), c03 = S.Load(init + (3 * step));
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero; // row 1, or odd k of a single row
        if (R.Value > 1)
        {
            init += g.InitStride;
            (c10, c11, c12, c13) = (S.Load(init), S.Load(init + step), S.Load(init + (2 * step)), S.Load(init + (3 * step)));
        }

        nint depth = g.Depth;
        nint k = 0;
        nint offset = 0;
        if (R.Value == 1)
        {
            for (; k + 1 < depth; k += 2, offset += 2 * S.Lanes)
            {
                var even = S.Broadcast(a0 + k);
                var odd = S.Broadcast(a0 + k + 1);
                c00 = S.MultiplyAdd(even, S.Load(b0 + offset), c00);
                c01 = S.MultiplyAdd(even, S.Load(b1 + offset), c01);
                c02 = S.MultiplyAdd(even, S.Load(b2 + offset), c02);
                c03 = S.MultiplyAdd(even, S.Load(b3 + offset), c03);
                c10 = S.MultiplyAdd(odd, S.Load(b0 + offset + S.Lanes), c10);
                c11 = S.MultiplyAdd(odd, S.Load(b1 + offset + S.Lanes), c11);
                c12 = S.MultiplyAdd(odd, S.Load(b2 + offset + S.Lanes), c12);
                c13 = S.MultiplyAdd(odd, S.Load(b3 + offset + S.Lanes), c13);
            }
        }

        for (; k < depth; k++, offset += S.Lanes)
        {
            V w0 = S.Load(b0 + offset), w1 = S.Load(b1 + offset), w2 = S.Load(b2 + offset), w3 = S.Load(b3 + offset);
            var x = S.Broadcast(a0 + k);
            (c00, c01) = (S.MultiplyAdd(x, w0, c00), S.MultiplyAdd(x, w1, c01));
            (c02, c03) = (S.MultiplyAdd(x, w2, c02), S.MultiplyAdd(x, w3, c03));
            if (R.Value > 1)
            {
                x = S.Broadcast(a1 + k);
                (c10, c11) = (S.MultiplyAdd(x, w0, c10), S.MultiplyAdd(x, w1, c11));
                (c12, c13) = (S.MultiplyAdd(x, w2, c12), S.MultiplyAdd(x, w3, c13));
            }
        }

        if (R.Value == 1)
        {
            (c00, c01, c02, c03) = (S.Add(c00, c10), S.Add(c01, c11), S.Add(c02, c12), S.Add(c03, c13));
        }

        var target = g.C + (vector * g.CVectorStride);
        Put(target, g.CVectorStride, c00, c01, c02, c03);
        if (R.Value > 1)
        {
            Put(target + g.CStride, g.CVectorStride, c10, c11, c12, c13);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* target, nint next, V v0, V v1, V v2, V v3)
    {
        S.Store(target, v0);
        S.Store(target + next, v1);
        S.Store(target + (2 * next), v2);
        S.Store(target + (3 * next), v3);
    }
}
