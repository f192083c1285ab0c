using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The micro-kernel: up to 8 rows by 1 or 2 vectors of C stay in registers while k runs; each k costs one load per
/// vector of B, one broadcast per row, and rows × vectors fused multiply-adds. The row and vector counts are type
/// arguments: what a smaller tile does not need is removed by the compiler.
/// </summary>
/// <remarks>
/// A tile takes a few hundred cycles, so what stands around its multiply-adds counts: one call covers tiles below each
/// other, and k runs in pairs. Half the iterations are few enough for the processor to foresee the loop's end, without
/// which the next tile starts late. An odd last k has a copy of its own after the loop: leaving the loop in its middle
/// instead cost 2 % of a forward pass.
/// </remarks>
internal static unsafe class RowTile<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>
    /// Computes <paramref name="tiles"/> tiles of R rows and C vectors, the first at row <paramref name="row"/> and vector
    /// <paramref name="vector"/> of <paramref name="g"/>, each of the others below the one before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<R, C>(in GemmArguments<T> g, int row, int tiles, int vector)
        where R : struct, ITileSize
        where C : struct, ITileSize
    {
        for (; tiles > 0; tiles--, row += R.Value)
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
            var initStride = g.InitStride;
            var initNext = g.InitVectorStride;
            V c00 = S.Zero, c01 = S.Zero;
            V c10 = S.Zero, c11 = S.Zero;
            V c20 = S.Zero, c21 = S.Zero;
            V c30 = S.Zero, c31 = S.Zero;
            V c40 = S.Zero, c41 = S.Zero;
            V c50 = S.Zero, c51 = S.Zero;
            V c60 = S.Zero, c61 = S.Zero;
            V c70 = S.Zero, c71 = S.Zero;
            Get<C>(init, initNext, ref c00, ref c01);
            if (R.Value > 1)
            {
                Get<C>(init += initStride, initNext, ref c10, ref c11);
            }

            if (R.Value > 2)
            {
                Get<C>(init += initStride, initNext, ref c20, ref c21);
            }

            if (R.Value > 3)
            {
                Get<C>(init += initStride, initNext, ref c30, ref c31);
            }

            if (R.Value > 4)
            {
                Get<C>(init += initStride, initNext, ref c40, ref c41);
            }

            if (R.Value > 5)
            {
                Get<C>(init += initStride, initNext, ref c50, ref c51);
            }

            if (R.Value > 6)
            {
                Get<C>(init += initStride, initNext, ref c60, ref c61);
            }

            if (R.Value > 7)
            {
                Get<C>(init += initStride, initNext, ref c70, ref c71);
            }

            nint k = 0;
            var step = g.AStep;
            var twoSteps = 2 * step;
            var bStep = g.BStep;
            var twoRows = 2 * bStep * sizeof(T);
            var end = g.Depth * step;
            for (var odd = step; odd < end; odd += twoSteps, k += twoSteps)
            {
                V w0 = S.Load(b0), w1 = C.Value > 1 ? S.Load(b1) : S.Zero;
                Add<C>(a0 + k, w0, w1, ref c00, ref c01);
                if (R.Value > 1)
                {
                    Add<C>(a1 + k, w0, w1, ref c10, ref c11);
                }

                if (R.Value > 2)
                {
                    Add<C>(a2 + k, w0, w1, ref c20, ref c21);
                }

                if (R.Value > 3)
                {
                    Add<C>(a3 + k, w0, w1, ref c30, ref c31);
                }

                if (R.Value > 4)
                {
                    Add<C>(a4 + k, w0, w1, ref c40, ref c41);
                }

                if (R.Value > 5)
                {
                    Add<C>(a5 + k, w0, w1, ref c50, ref c51);
                }

                if (R.Value > 6)
                {
                    Add<C>(a6 + k, w0, w1, ref c60, ref c61);
                }

                if (R.Value > 7)
                {
                    Add<C>(a7 + k, w0, w1, ref c70, ref c71);
                }

                w0 = S.Load(b0 + bStep);
                w1 = C.Value > 1 ? S.Load(b1 + bStep) : S.Zero;
                b0 = (T*)((byte*)b0 + twoRows);
                b1 = (T*)((byte*)b1 + twoRows);
                Add<C>(a0 + odd, w0, w1, ref c00, ref c01);
                if (R.Value > 1)
                {
                    Add<C>(a1 + odd, w0, w1, ref c10, ref c11);
                }

                if (R.Value > 2)
                {
                    Add<C>(a2 + odd, w0, w1, ref c20, ref c21);
                }

                if (R.Value > 3)
                {
                    Add<C>(a3 + odd, w0, w1, ref c30, ref c31);
                }

                if (R.Value > 4)
                {
                    Add<C>(a4 + odd, w0, w1, ref c40, ref c41);
                }

                if (R.Value > 5)
                {
                    Add<C>(a5 + odd, w0, w1, ref c50, ref c51);
                }

                if (R.Value > 6)
                {
                    Add<C>(a6 + odd, w0, w1, ref c60, ref c61);
                }

                if (R.Value > 7)
                {
                    Add<C>(a7 + odd, w0, w1, ref c70, ref c71);
                }
            }

            if (k < end)
            {
                V w0 = S.Load(b0), w1 = C.Value > 1 ? S.Load(b1) : S.Zero;
                Add<C>(a0 + k, w0, w1, ref c00, ref c01);
                if (R.Value > 1)
                {
                    Add<C>(a1 + k, w0, w1, ref c10, ref c11);
                }

                if (R.Value > 2)
                {
                    Add<C>(a2 + k, w0, w1, ref c20, ref c21);
                }

                if (R.Value > 3)
                {
                    Add<C>(a3 + k, w0, w1, ref c30, ref c31);
                }

                if (R.Value > 4)
                {
                    Add<C>(a4 + k, w0, w1, ref c40, ref c41);
                }

                if (R.Value > 5)
                {
                    Add<C>(a5 + k, w0, w1, ref c50, ref c51);
                }

                if (R.Value > 6)
                {
                    Add<C>(a6 + k, w0, w1, ref c60, ref c61);
                }

                if (R.Value > 7)
                {
                    Add<C>(a7 + k, w0, w1, ref c70, ref c71);
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
    }

    // One row's share of one k.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<C>(T* a, V w0, V w1, ref V c0, ref V c1)
        where C : struct, ITileSize
    {
        var x = S.Broadcast(a);
        c0 = S.MultiplyAdd(x, w0, c0);
        if (C.Value > 1)
        {
            c1 = S.MultiplyAdd(x, w1, c1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Get<C>(T* source, nint next, ref V first, ref V second)
        where C : struct, ITileSize
    {
        first = S.Load(source);
        if (C.Value > 1)
        {
            second = S.Load(source + next);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<C>(T* target, nint next, V first, V second)
        where C : struct, ITileSize
    {
        S.Store(target, first);
        if (C.Value > 1)
        {
            S.Store(target + next, second);
        }
    }
}

/// <summary>How many rows, or vectors, a tile has: known when a generic method is compiled, so that branches on it cost nothing.</summary>
internal interface ITileSize
{
    static abstract int Value { get; }
}

internal readonly struct N1 : ITileSize { public static int Value => 1; }

internal readonly struct N2 : ITileSize { public static int Value => 2; }

internal readonly struct N3 : ITileSize { public static int Value => 3; }

internal readonly struct N4 : ITileSize { public static int Value => 4; }

internal readonly struct N5 : ITileSize { public static int Value => 5; }

internal readonly struct N6 : ITileSize { public static int Value => 6; }

internal readonly struct N7 : ITileSize { public static int Value => 7; }

internal readonly struct N8 : ITileSize { public static int Value => 8; }
