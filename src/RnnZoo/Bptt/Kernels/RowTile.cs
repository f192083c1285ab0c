using System.Runtime.CompilerServices;

namespace RnnZoo.Bptt.Kernels;

/// <summary>
/// The micro-kernel: up to 8 rows by 1 or 2 vectors of C stay in registers while k runs; each k costs one load per
/// vector of B, one broadcast per row, and rows × vectors fused multiply-adds. The row and vector counts are type
/// arguments: what a smaller tile does not need is removed by the compiler.
/// </summary>
internal static unsafe class RowTile<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Computes rows [row, row + R) and vectors [vector, vector + C) of <paramref name="g"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<R, C>(in GemmArguments<T> g, int row, int vector)
        where R : struct, ICount
        where C : struct, ICount
    {
        var stride = g.AStride;
        var a0 = g.A + (row * stride);
        var a1 = R.Value > 1 ? a0 + stride : a0;
        var a2 = R.Value > 2 ? a1 + stride : a0;
        var a3 = R.Value > 3 ? a2 + stride : a0;
        var a4 = R.Value > 4 ? a3 + stride : a0;
        var a5 = R.Value > 5 ? a4 + stride : a0;
        var a6 = R.Value > 6 ? a5 + stride : a0;
        var a7 = R.Value > 7 ? a6 + stride : a0;
        var b0 = g.B + (vector * g.BStride);
        var b1 = C.Value > 1 ? b0 + g.BStride : b0;

        var init = g.Init + (row * g.InitStride) + (vector * g.InitVectorStride);
        var initNext = g.InitVectorStride;
        V c00 = S.Load(init), c01 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
        V c60 = S.Zero, c61 = S.Zero;
        V c70 = S.Zero, c71 = S.Zero;
        var initStride = g.InitStride;
        if (R.Value > 1)
        {
            init += initStride;
            c10 = S.Load(init);
            c11 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 2)
        {
            init += initStride;
            c20 = S.Load(init);
            c21 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 3)
        {
            init += initStride;
            c30 = S.Load(init);
            c31 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 4)
        {
            init += initStride;
            c40 = S.Load(init);
            c41 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 5)
        {
            init += initStride;
            c50 = S.Load(init);
            c51 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 6)
        {
            init += initStride;
            c60 = S.Load(init);
            c61 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        if (R.Value > 7)
        {
            init += initStride;
            c70 = S.Load(init);
            c71 = C.Value > 1 ? S.Load(init + initNext) : S.Zero;
        }

        var step = g.AStep;
        var end = g.Depth * step;
        for (nint k = 0; k < end; k += step)
        {
            var w0 = S.Load(b0);
            var w1 = C.Value > 1 ? S.Load(b1) : w0;
            b0 += S.Lanes;
            b1 += S.Lanes;
            var x = S.Broadcast(a0 + k);
            c00 = S.MultiplyAdd(x, w0, c00);
            c01 = C.Value > 1 ? S.MultiplyAdd(x, w1, c01) : c01;
            if (R.Value > 1)
            {
                x = S.Broadcast(a1 + k);
                c10 = S.MultiplyAdd(x, w0, c10);
                c11 = C.Value > 1 ? S.MultiplyAdd(x, w1, c11) : c11;
            }

            if (R.Value > 2)
            {
                x = S.Broadcast(a2 + k);
                c20 = S.MultiplyAdd(x, w0, c20);
                c21 = C.Value > 1 ? S.MultiplyAdd(x, w1, c21) : c21;
            }

            if (R.Value > 3)
            {
                x = S.Broadcast(a3 + k);
                c30 = S.MultiplyAdd(x, w0, c30);
                c31 = C.Value > 1 ? S.MultiplyAdd(x, w1, c31) : c31;
            }

            if (R.Value > 4)
            {
                x = S.Broadcast(a4 + k);
                c40 = S.MultiplyAdd(x, w0, c40);
                c41 = C.Value > 1 ? S.MultiplyAdd(x, w1, c41) : c41;
            }

            if (R.Value > 5)
            {
                x = S.Broadcast(a5 + k);
                c50 = S.MultiplyAdd(x, w0, c50);
                c51 = C.Value > 1 ? S.MultiplyAdd(x, w1, c51) : c51;
            }

            if (R.Value > 6)
            {
                x = S.Broadcast(a6 + k);
                c60 = S.MultiplyAdd(x, w0, c60);
                c61 = C.Value > 1 ? S.MultiplyAdd(x, w1, c61) : c61;
            }

            if (R.Value > 7)
            {
                x = S.Broadcast(a7 + k);
                c70 = S.MultiplyAdd(x, w0, c70);
                c71 = C.Value > 1 ? S.MultiplyAdd(x, w1, c71) : c71;
            }
        }

        var target = g.C + (row * g.CStride) + (vector * g.CVectorStride);
        var next = g.CVectorStride;
        Put<C>(target, next, c00, c01);
        if (R.Value > 1)
        {
            Put<C>(target += g.CStride, next, c10, c11);
        }

        if (R.Value > 2)
        {
            Put<C>(target += g.CStride, next, c20, c21);
        }

        if (R.Value > 3)
        {
            Put<C>(target += g.CStride, next, c30, c31);
        }

        if (R.Value > 4)
        {
            Put<C>(target += g.CStride, next, c40, c41);
        }

        if (R.Value > 5)
        {
            Put<C>(target += g.CStride, next, c50, c51);
        }

        if (R.Value > 6)
        {
            Put<C>(target += g.CStride, next, c60, c61);
        }

        if (R.Value > 7)
        {
            Put<C>(target += g.CStride, next, c70, c71);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<C>(T* target, nint next, V first, V second)
        where C : struct, ICount
    {
        S.Store(target, first);
        if (C.Value > 1)
        {
            S.Store(target + next, second);
        }
    }
}
