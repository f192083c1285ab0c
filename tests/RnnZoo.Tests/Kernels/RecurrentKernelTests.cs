using System.Numerics;
using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

public sealed class RecurrentKernelTests
{
    private static readonly (int T, int B, int I, int H)[] Sizes =
    [
        (1, 1, 1, 1), (1, 5, 3, 7), (7, 1, 5, 3), (5, 1, 17, 33), (11, 2, 7, 15), (3, 7, 15, 17), (5, 13, 10, 16),
        (2, 3, 33, 130), (4, 17, 130, 33), (23, 19, 3, 8), (3, 33, 1, 40), (400, 1, 2, 5), (301, 3, 4, 5), (3, 5, 16, 32), (3, 4, 9, 70),
    ];

    private static readonly VectorWidth[] Widths = [VectorWidth.Bits128, VectorWidth.Bits256, VectorWidth.Bits512];

    private static readonly CellKind[] Kinds = Enum.GetValues<CellKind>();

    public static TheoryData<string> Cells => [.. Kinds.Select(kind => kind.ToString())];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Backward_OddSizes_MatchesScalarReference_Float64(string cell) => MatchesReference<double>(cell, 1e-12);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Backward_OddSizes_MatchesScalarReference_Float32(string cell) => MatchesReference<float>(cell, 2e-5);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Tokens_OddSizes_MatchScalarReferenceOfOneHotInput_Float64(string cell) => MatchesReference<double>(cell, 1e-12, tokens: true);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Tokens_OddSizes_MatchScalarReferenceOfOneHotInput_Float32(string cell) => MatchesReference<float>(cell, 2e-5, tokens: true);

    [Theory]
    [MemberData(nameof(Cells))]
    public void SeveralLengths_AtEveryWidth_MatchTheScalarReferenceOfEachSequence(string cell)
    {
        var kind = Enum.Parse<CellKind>(cell);
        foreach (var lengths in new long[][] { [5, 3, 3, 1], [1, 1], [9, 1, 1, 1, 1, 1, 1], [4, 4, 4], [40, 33, 21, 20, 2] })
        {
            foreach (var hidden in new[] { 3, 8, 33 })
            {
                foreach (var reverse in new[] { false, true })
                {
                    var sizes = BatchSizes.OfLengths(lengths);
                    var shape = new LayerShape(kind, sizes.Steps, sizes.Batch, 4, hidden, reverse, sizes);
                    var (data, cotangents) = (new LayerData(shape, new Random(1)), new KernelCotangents(shape, new Random(2)));
                    var (outputs, expected) = EachAlone(shape, data, cotangents);
                    foreach (var width in Widths)
                    {
                        foreach (var threads in new[] { 1, 3 })
                        {
                            using var run = new KernelRun<double>(shape, data, threads, width);
                            var what = $"{shape} {string.Join(",", lengths)} {width} {threads}";
                            Close(outputs.Output[..(int)(sizes.Total * hidden)], run.Output[..(int)(sizes.Total * hidden)], 1e-12, what);
                            Close(outputs.HN, run.HN, 1e-12, what);
                            if (kind == CellKind.Lstm)
                            {
                                Close(outputs.CN, run.CN, 1e-12, what);
                            }

                            var got = run.Backward(cotangents, threads, Wanted.All);
                            Close(expected.DX[..(int)(sizes.Total * 4)], got.DX[..(int)(sizes.Total * 4)], 1e-12, what);
                            Compare(expected, got, Wanted.All & ~Wanted.DX, 1e-11, what, kind);
                        }
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void FewRowsOfManyWeights_OnThreadsThatShareTheUnits_GiveTheBitsOfOneThread(string cell)
    {
        foreach (var (steps, batch, inputs) in new[] { (1, 1, 5), (7, 1, 300), (5, 3, 7), (3, 11, 2), (150, 1, 3) })
        {
            foreach (var (reverse, tokens) in new[] { (false, false), (true, false), (false, true) })
            {
                var shape = new LayerShape(Enum.Parse<CellKind>(cell), steps, batch, inputs, 470, reverse);
                var data = new LayerData(shape, new Random(1), tokens: tokens);
                using var one = new KernelRun<float>(shape, data, threads: 1, VectorWidths.Best);
                foreach (var (threads, keepTape) in new[] { (2, true), (3, true), (3, false) })
                {
                    using var run = new KernelRun<float>(shape, data, threads, VectorWidths.Best, keepTape);
                    Assert.Equal(one.Output, run.Output);
                    Assert.Equal(one.HN, run.HN);
                    Assert.Equal(one.CN, run.CN);
                    Assert.True(run.GapsUntouched());
                }
            }
        }
    }

    [Fact]
    public unsafe void Transposition_OfEverySize_IsThatElementByElement()
    {
        foreach (var (rows, columns, gap) in new[] { (1, 1, 0), (3, 5, 1), (4, 4, 0), (16, 16, 0), (15, 33, 2), (16, 300, 0), (7, 64, 3), (100, 16, 0), (33, 31, 4) })
        {
            Of<float>(rows, columns, gap);
            Of<double>(rows, columns, gap);
        }

        static void Of<T>(int rows, int columns, int gap)
            where T : unmanaged, INumberBase<T>
        {
            var (source, target) = (new T[rows * (columns + gap)], new T[columns * (rows + gap)]);
            for (var i = 0; i < source.Length; i++)
            {
                source[i] = T.CreateChecked(i + 1);
            }

            fixed (T* from = source, to = target)
            {
                Transposition<T>.Run(to, rows + gap, from, columns + gap, rows, columns);
            }

            for (var i = 0; i < target.Length; i++)
            {
                var (column, row) = (i / (rows + gap), i % (rows + gap));
                Assert.Equal(row < rows ? source[(row * (columns + gap)) + column] : T.Zero, target[i]);
            }
        }
    }

    // Every sequence by the scalar reference; where arrays are [T, B, ·], the packed rows stand first.
    private static (LayerData Outputs, KernelGradients Gradients) EachAlone(LayerShape shape, LayerData data, KernelCotangents cotangents)
    {
        var (sizes, inputs, hidden) = (shape.Sizes!, shape.Input, shape.Hidden);
        var (outputs, sum, lengths) = (new LayerData(shape, new Random(1)), new KernelGradients(shape), shape.Sizes!.Lengths());
        for (var b = 0; b < shape.Batch; b++)
        {
            var one = new LayerShape(shape.Cell, (int)lengths[b], 1, inputs, hidden, shape.Reverse);
            var (alone, outside) = (new LayerData(one, new Random(1)), new KernelCotangents(one, new Random(1)));
            foreach (var (from, to) in new (double[]?, double[]?)[]
            {
                (data.WeightIh, alone.WeightIh), (data.WeightHh, alone.WeightHh), (data.BiasIh, alone.BiasIh), (data.BiasHh, alone.BiasHh), (data.ActivationBias, alone.ActivationBias),
            })
            {
                from?.CopyTo(to!, 0);
            }

            Array.Copy(data.H0!, b * hidden, alone.H0!, 0, hidden);
            Array.Copy(data.C0!, b * hidden, alone.C0!, 0, hidden);
            Array.Copy(cotangents.DHN!, b * hidden, outside.DHN!, 0, hidden);
            Array.Copy(cotangents.DCN!, b * hidden, outside.DCN!, 0, hidden);
            for (var t = 0; t < lengths[b]; t++)
            {
                Array.Copy(data.X, ((int)sizes.Start(t) + b) * inputs, alone.X, t * inputs, inputs);
                Array.Copy(cotangents.DOutput!, ((int)sizes.Start(t) + b) * hidden, outside.DOutput!, t * hidden, hidden);
            }

            var reference = new ReferenceLayer(one, alone);
            var (run, gradients) = (reference.Forward(), reference.Backward(outside));
            Array.Copy(run.HN, 0, outputs.HN, b * hidden, hidden);
            Array.Copy(run.CN, 0, outputs.CN, b * hidden, hidden);
            Array.Copy(gradients.DH0, 0, sum.DH0, b * hidden, hidden);
            Array.Copy(gradients.DC0, 0, sum.DC0, b * hidden, hidden);
            for (var t = 0; t < lengths[b]; t++)
            {
                Array.Copy(run.Output, t * hidden, outputs.Output, ((int)sizes.Start(t) + b) * hidden, hidden);
                Array.Copy(gradients.DX, t * inputs, sum.DX, ((int)sizes.Start(t) + b) * inputs, inputs);
                Add(gradients.Terms[t], sum.Terms[t]);
            }

            Add(gradients.DWeightIh, sum.DWeightIh);
            Add(gradients.DWeightHh, sum.DWeightHh);
            Add(gradients.DBiasIh, sum.DBiasIh);
            Add(gradients.DBiasHh, sum.DBiasHh);
            Add(gradients.DActivationBias, sum.DActivationBias);
            Add(gradients.SquaredNormDH, sum.SquaredNormDH);
            Add(gradients.SquaredNormDHFromFuture, sum.SquaredNormDHFromFuture);
            Add(gradients.SquaredNormDC, sum.SquaredNormDC);
            Add(gradients.SquaredNormDCFromFuture, sum.SquaredNormDCFromFuture);
        }

        for (var t = 0; t < shape.Steps; t++)
        {
            sum.SquaredShares[t] = sum.Terms[t].Sum(term => term * term);
        }

        return (outputs, sum);

        static void Add(double[] more, double[] to)
        {
            for (var i = 0; i < more.Length; i++)
            {
                to[i] += more[i];
            }
        }
    }

    private static void Close(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= tolerance * Math.Max(1, Math.Abs(pair.First)), $"{what}: expected {pair.First:R}, got {pair.Second:R}"));
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Backward_AnythingLeftOut_TheRestStaysTheSame(string cell)
    {
        var kind = Enum.Parse<CellKind>(cell);
        foreach (var (batch, threads, input, hidden, tokens) in new[] { (5, 2, 3, 11, false), (5, 2, 3, 16, false), (1, 2, 3, 11, false), (1, 1, 3, 16, false), (3, 1, 16, 16, false), (5, 2, 3, 11, true), (1, 2, 3, 11, true) })
        {
            var shape = new LayerShape(kind, 7, batch, input, hidden);
            var data = new LayerData(shape, new Random(1), tokens: tokens);
            var cotangents = new KernelCotangents(shape, new Random(2));
            var expected = Reference(shape, data, cotangents);
            using var run = new KernelRun<double>(shape, data, threads, VectorWidths.Best);
            for (var wanted = Wanted.None; wanted <= Wanted.All; wanted++)
            {
                if (tokens && wanted.HasFlag(Wanted.DX))
                {
                    continue;
                }

                var got = run.Backward(cotangents, threads, wanted);
                Compare(expected, got, wanted, 1e-12, $"{shape} {wanted}", kind);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Backward_AbsentCotangents_CountAsZero(string cell)
    {
        foreach (var (hidden, output, final) in new[] { (7, true, false), (7, false, true), (7, false, false), (16, true, false), (16, false, true) })
        {
            var shape = new LayerShape(Enum.Parse<CellKind>(cell), 5, 3, 2, hidden);
            var data = new LayerData(shape, new Random(3));
            var cotangents = new KernelCotangents(shape, new Random(4), output, final);
            var expected = Reference(shape, data, cotangents);
            using var run = new KernelRun<double>(shape, data, 2, VectorWidths.Best);
            Compare(expected, run.Backward(cotangents, 2, Wanted.All), Wanted.All, 1e-12, $"{shape} {output} {final}", shape.Cell);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void SameThreads_SameBits(int threads)
    {
        foreach (var batch in new[] { 1, 29 })
        {
            var shape = new LayerShape(CellKind.Lstm, 31, batch, 7, 37);
            var data = new LayerData(shape, new Random(8));
            var cotangents = new KernelCotangents(shape, new Random(9));
            using var first = new KernelRun<float>(shape, data, threads, VectorWidths.Best);
            var expected = first.Backward(cotangents, threads, Wanted.All);
            for (var again = 0; again < 5; again++)
            {
                using var run = new KernelRun<float>(shape, data, threads, VectorWidths.Best);
                var got = run.Backward(cotangents, threads, Wanted.All);
                Assert.Equal(first.Output, run.Output);
                Assert.Equal(expected.DWeightIh, got.DWeightIh);
                Assert.Equal(expected.DWeightHh, got.DWeightHh);
                Assert.Equal(expected.DX, got.DX);
                Assert.Equal(expected.SquaredNormDH, got.SquaredNormDH);
            }
        }
    }

    [Fact]
    public void Forward_WithoutTape_SameOutput()
    {
        foreach (var kind in Kinds)
        {
            foreach (var batch in new[] { 1, 7 })
            {
                var shape = new LayerShape(kind, 9, batch, 5, 19);
                var data = new LayerData(shape, new Random(10));
                using var with = new KernelRun<double>(shape, data, 2, VectorWidths.Best);
                using var without = new KernelRun<double>(shape, data, 2, VectorWidths.Best, keepTape: false);
                Assert.Equal(with.Output, without.Output);
                Assert.Equal(with.HN, without.HN);
                if (kind == CellKind.Lstm)
                {
                    Assert.Equal(with.CN, without.CN);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void NaNInput_ReachesOutputAndGradients(string cell)
    {
        foreach (var width in Widths)
        {
            var shape = new LayerShape(Enum.Parse<CellKind>(cell), 3, 2, 2, 5);
            var data = new LayerData(shape, new Random(11));
            data.X[1] = double.NaN;
            using var run = new KernelRun<float>(shape, data, 1, width);
            Assert.All(run.Output.Take(5), value => Assert.True(double.IsNaN(value)));
            Assert.All(run.Output.Skip(5).Take(5), value => Assert.True(double.IsFinite(value)));
            var got = run.Backward(new KernelCotangents(shape, new Random(12)), 1, Wanted.All);
            Assert.Contains(got.DWeightHh, double.IsNaN);
        }
    }

    [Fact]
    public void Saturated_LargePreactivations_StayFinite()
    {
        foreach (var kind in new[] { CellKind.Tanh, CellKind.Lstm, CellKind.Gru })
        {
            foreach (var scale in new[] { 100.0, 1e30 })
            {
                var shape = new LayerShape(kind, 3, 2, 2, 9);
                var data = new LayerData(shape, new Random(13));
                for (var i = 0; i < data.X.Length; i++)
                {
                    data.X[i] *= scale;
                }

                using var run = new KernelRun<float>(shape, data, 1, VectorWidths.Best);
                _ = new ReferenceLayer(shape, data).Forward();
                AssertClose(data.Output, run.Output, 1e-4, $"{kind} {scale}");
            }
        }
    }

    private static void MatchesReference<T>(string cell, double tolerance, bool tokens = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kind = Enum.Parse<CellKind>(cell);
        var seed = 0;
        foreach (var (steps, batch, inputs, hidden) in Sizes)
        {
            foreach (var reverse in new[] { false, true })
            {
                var shape = new LayerShape(kind, steps, batch, inputs, hidden, reverse);
                var data = new LayerData(shape, new Random(++seed), bias: seed % 3 != 0, initialState: seed % 4 != 0, tokens);
                var cotangents = new KernelCotangents(shape, new Random(-seed));
                var expected = Reference(shape, data, cotangents);
                var wanted = tokens ? Wanted.All & ~Wanted.DX : Wanted.All;
                foreach (var width in Widths)
                {
                    for (var threads = 1; threads <= 3; threads++)
                    {
                        var name = $"{shape} {width} threads {threads}";
                        using var run = new KernelRun<T>(shape, data, threads, width);
                        AssertClose(data.Output, run.Output, tolerance, $"{name} output");
                        AssertClose(data.HN, run.HN, tolerance, $"{name} hN");
                        if (kind == CellKind.Lstm)
                        {
                            AssertClose(data.CN, run.CN, tolerance, $"{name} cN");
                        }

                        Assert.True(run.GapsUntouched(), $"{name}: wrote between the output's rows");
                        Compare(expected, run.Backward(cotangents, threads, wanted), wanted, tolerance, name, kind);
                    }
                }
            }
        }
    }

    private static KernelGradients Reference(LayerShape shape, LayerData data, KernelCotangents cotangents)
    {
        var reference = new ReferenceLayer(shape, data);
        _ = reference.Forward();
        return reference.Backward(cotangents);
    }

    private static void Compare(KernelGradients expected, KernelGradients got, Wanted wanted, double tolerance, string name, CellKind kind)
    {
        void One(Wanted what, double[] a, double[] b, string tensor)
        {
            if (wanted.HasFlag(what))
            {
                AssertClose(a, b, tolerance, $"{name} {tensor}");
            }
        }

        One(Wanted.DX, expected.DX, got.DX, "dX");
        One(Wanted.DWeightIh, expected.DWeightIh, got.DWeightIh, "dWeightIh");
        One(Wanted.DWeightHh, expected.DWeightHh, got.DWeightHh, "dWeightHh");
        One(Wanted.DBiasIh, expected.DBiasIh, got.DBiasIh, "dBiasIh");
        One(Wanted.DBiasHh, expected.DBiasHh, got.DBiasHh, "dBiasHh");
        One(Wanted.DH0, expected.DH0, got.DH0, "dH0");
        One(Wanted.Norms, expected.SquaredNormDH, got.SquaredNormDH, "normDH");
        One(Wanted.Norms, expected.SquaredNormDHFromFuture, got.SquaredNormDHFromFuture, "normDHFromFuture");
        One(Wanted.Shares, expected.SquaredShares, got.SquaredShares, "shares");
        if (kind == CellKind.ModRelu)
        {
            One(Wanted.DActivationBias, expected.DActivationBias, got.DActivationBias, "dActivationBias");
        }

        if (kind == CellKind.Lstm)
        {
            One(Wanted.DC0, expected.DC0, got.DC0, "dC0");
            One(Wanted.Norms, expected.SquaredNormDC, got.SquaredNormDC, "normDC");
            One(Wanted.Norms, expected.SquaredNormDCFromFuture, got.SquaredNormDCFromFuture, "normDCFromFuture");
        }
    }

    // Relative to the tensor's largest element.
    private static void AssertClose(double[] expected, double[] got, double tolerance, string name)
    {
        Assert.Equal(expected.Length, got.Length);
        var largest = expected.Length == 0 ? 0 : expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs(expected[i] - got[i]);
            Assert.True(error <= tolerance * largest, $"{name}[{i}]: expected {expected[i]:R}, got {got[i]:R}, largest {largest:R}");
        }
    }
}
