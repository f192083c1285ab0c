using System.Numerics;
using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>The element-wise kernel, by the minGRU, against its equations written as plain loops in double, at every vector width.</summary>
public sealed unsafe class ElementKernelTests
{
    public static TheoryData<int, int, bool> Cases()
    {
        var data = new TheoryData<int, int, bool>();
        foreach (var width in new[] { 128, 256, 512 })
        {
            foreach (var threads in new[] { 1, 2, 3, 7 })
            {
                data.Add(width, threads, threads % 2 == 0);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Passes_OddSizes_EqualPlainLoops(int width, int threads, bool reverse)
    {
        foreach (var entries in new[] { 1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 129 })
        {
            foreach (var steps in new[] { 1, 2, 11 })
            {
                Compare<double>(steps, entries, (VectorWidth)width, threads, reverse, withOutside: steps > 1, 1e-13);
                Compare<float>(steps, entries, (VectorWidth)width, threads, reverse, withOutside: steps != 2, 2e-6);
            }
        }
    }

    private static void Compare<T>(int steps, int entries, VectorWidth width, int threads, bool reverse, bool withOutside, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(5);
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (double)(float)((random.NextDouble() * 4) - 2))];
        var (gate, candidate, h0, dOutput, dFinal) = (Draw(steps * entries), Draw(steps * entries), Draw(entries), Draw(steps * entries), Draw(entries));
        using var arrays = new Arrays<T>();
        var arguments = new ElementArguments<T>
        {
            X = new ElementArrays<T> { A = arrays.Add(gate), B = arrays.Add(candidate) },
            Sizes = BatchSizes.Even(steps, 1),
            Hidden = entries,
            Reverse = reverse,
            Kept = new ElementArrays<T> { A = arrays.Add(new double[steps * entries]), B = arrays.Add(new double[steps * entries]) },
            OutputCopy = withOutside ? arrays.Add(new double[steps * entries]) : null,
            H0 = arrays.Add(h0),
            Output = arrays.Add(new double[steps * entries]),
            DOutput = withOutside ? arrays.Add(dOutput) : null,
            DState = arrays.Add(dFinal),
            DX = new ElementArrays<T> { A = arrays.Add(new double[steps * entries]), B = arrays.Add(new double[steps * entries]) },
            DFuture = withOutside ? arrays.Add(new double[steps * entries]) : null,
        };
        ElementKernel.Forward(CellKind.MinGru, arguments, threads, width);
        ElementKernel.Backward(CellKind.MinGru, arguments, threads, width);
        arrays.AssertGuards();

        var expected = ByLoops(steps, entries, reverse, gate, candidate, h0, withOutside ? dOutput : null, dFinal);
        AssertEqual(expected.Z, arguments.Kept.A, "z");
        AssertEqual(expected.H, arguments.Output, "h");
        AssertEqual(expected.DGate, arguments.DX.A, "da");
        AssertEqual(expected.DCandidate, arguments.DX.B, "dg");
        AssertEqual(expected.DState, arguments.DState, "dh_0");
        if (withOutside)
        {
            AssertEqual(expected.H, arguments.OutputCopy, "h once more");
            AssertEqual(expected.DFuture, arguments.DFuture, "dh(future)");
        }

        void AssertEqual(double[] want, T* got, string what)
        {
            for (var i = 0; i < want.Length; i++)
            {
                var value = double.CreateChecked(got[i]);
                Assert.True(Math.Abs(want[i] - value) <= tolerance * Math.Max(1, Math.Abs(want[i])), $"{what}[{i}] of {steps} × {entries}: expected {want[i]:R}, got {value:R}");
            }
        }
    }

    private static Reference ByLoops(int steps, int entries, bool reverse, double[] gate, double[] candidate, double[] h0, double[]? dOutput, double[] dFinal)
    {
        double[] Steps() => new double[steps * entries];
        var r = new Reference(Steps(), Steps(), Steps(), Steps(), Steps(), [.. dFinal]);
        int Row(int step) => (reverse ? steps - 1 - step : step) * entries;
        for (var e = 0; e < entries; e++)
        {
            var h = h0[e];
            for (var step = 0; step < steps; step++)
            {
                var i = Row(step) + e;
                r.Z[i] = 1 / (1 + Math.Exp(-gate[i]));
                h = ((1 - r.Z[i]) * h) + (r.Z[i] * candidate[i]);
                r.H[i] = h;
            }

            for (var step = steps - 1; step >= 0; step--)
            {
                var i = Row(step) + e;
                r.DFuture[i] = r.DState[e];
                var dH = r.DState[e] + (dOutput?[i] ?? 0);
                var before = step == 0 ? h0[e] : r.H[Row(step - 1) + e];
                r.DGate[i] = dH * (candidate[i] - before) * r.Z[i] * (1 - r.Z[i]);
                r.DCandidate[i] = dH * r.Z[i];
                r.DState[e] = dH * (1 - r.Z[i]);
            }
        }

        return r;
    }

    private sealed record Reference(double[] Z, double[] H, double[] DGate, double[] DCandidate, double[] DFuture, double[] DState);

    /// <summary>Guarded memory for the arrays of one case.</summary>
    private sealed class Arrays<T> : IDisposable
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly List<GuardedArray<T>> _arrays = [];

        public T* Add(double[] values)
        {
            _arrays.Add(new GuardedArray<T>(values));
            return _arrays[^1].Pointer;
        }

        public void AssertGuards() => _arrays.ForEach(array => array.AssertGuards("an array"));

        public void Dispose() => _arrays.ForEach(array => array.Dispose());
    }
}
