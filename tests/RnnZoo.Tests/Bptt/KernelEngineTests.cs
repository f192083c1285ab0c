using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The kernels as an engine, against the equations.</summary>
public sealed class KernelEngineTests
{
    private static readonly (long T, long B, long I, long H)[] Sizes =
    [
        (1, 1, 1, 1), (7, 1, 15, 17), (1, 7, 17, 15), (3, 7, 17, 33), (5, 3, 33, 130), (2, 33, 7, 15), (17, 15, 130, 7), (1, 130, 1, 33), (130, 1, 7, 1), (2, 3, 32, 48), (9, 16, 7, 64),
    ];

    public static TheoryData<string, ScalarType, bool, bool> Cases()
    {
        var data = new TheoryData<string, ScalarType, bool, bool>();
        foreach (var cell in EngineCase.Names)
        {
            foreach (var dtype in new[] { ScalarType.Float64, ScalarType.Float32 })
            {
                data.Add(cell, dtype, true, false);
                data.Add(cell, dtype, true, true);
                data.Add(cell, dtype, false, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Passes_OddSizes_EqualTheEquations(string cell, ScalarType dtype, bool bias, bool reversed)
    {
        using var noTape = no_grad();
        var tolerance = dtype == ScalarType.Float64 ? 1e-12 : 2e-5;
        foreach (var (steps, batch, input, hidden) in Sizes)
        {
            using var scope = NewDisposeScope();
            var what = $"{cell} {dtype} T={steps} B={batch} I={input} H={hidden}";
            var layer = new EngineCase(cell, dtype, steps, batch, input, hidden, bias);
            Assert.True(layer.Kernels.CanRun(layer.Arguments), what);
            var expected = layer.ByEquations(reversed);
            var actual = layer.ByKernels(reversed);
            Expect.Close(expected.Output, actual.Output, tolerance, what);
            Expect.Close(expected.Final, actual.Final, tolerance, what);
            Expect.Close(LayerCase.ByName(expected.Gradients), LayerCase.ByName(actual.Gradients), tolerance, what);
        }
    }

    public static TheoryData<string> Nets => [.. EngineCase.Names];

    // Cells with a kernel of their own too: so that is held against the same equations as a program.
    [Theory]
    [MemberData(nameof(Nets))]
    public void Programs_AtEveryWidth_EqualTheEquations(string cell)
    {
        using var noTape = no_grad();
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            foreach (var (dtype, tolerance, steps, batch, input, hidden) in new[] { (ScalarType.Float64, 1e-12, 5L, 3L, 33L, 17L), (ScalarType.Float32, 2e-5, 3, 7, 5, 32), (ScalarType.Float64, 1e-12, 75, 1, 7, 16), (ScalarType.Float64, 1e-12, 13, 9, 5, 32), (ScalarType.Float64, 1e-12, 4, 40, 16, 48) })
            {
                using var scope = NewDisposeScope();
                var reversed = batch > 8; // in blocks of steps too, of which the last is not whole
                var layer = new EngineCase(cell, dtype, steps, batch, input, hidden, bias: true);
                layer = layer with { Kernels = new ProgramEngine(layer.Equations, width) };
                var expected = layer.ByEquations(reversed);
                var actual = layer.ByKernels(reversed);
                var what = $"{cell} {dtype} {width} T={steps} B={batch} H={hidden}";
                Expect.Close(expected.Output, actual.Output, tolerance, what);
                Expect.Close(expected.Final, actual.Final, tolerance, what);
                Expect.Close(LayerCase.ByName(expected.Gradients), LayerCase.ByName(actual.Gradients), tolerance, what);
            }
        }
    }

    [Fact]
    public unsafe void Address_OfAViewAndOfALargeTensor_IsThatOfItsFirstElement()
    {
        using var scope = NewDisposeScope();
        var whole = arange(60, dtype: ScalarType.Float64).view(5, 12);
        foreach (var view in new[] { whole, whole.narrow(0, 2, 3), whole.narrow(1, 7, 2), whole.narrow(1, 7, 2).t() })
        {
            Assert.Equal(view[0, 0].item<double>(), *(double*)TensorMemory.Address(view));
        }

        var large = empty([300_000_000], dtype: ScalarType.Float64); // 2.4 GB of pages that nobody touches
        Assert.Equal(TensorMemory.Address(large.narrow(0, 0, 1)), TensorMemory.Address(large));
    }

    [Fact]
    public unsafe void TallProduct_AtEveryWidthAndThreadCount_EqualsTorchs()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var (a, b) = (LayerCase.Random(333, 7), LayerCase.Random(333, 32)); // [N, m] and [N, n]
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            foreach (var threads in new[] { 1, 2, 9 })
            {
                var product = empty([7, 32], dtype: ScalarType.Float64);
                new TallProduct<double> { A = (double*)TensorMemory.Address(a), AStride = 7, Rows = 7, B = (double*)TensorMemory.Address(b), BStride = 32, Columns = 32, Depth = 333, C = (double*)TensorMemory.Address(product) }.Run(threads, width);
                Expect.Close(a.t().mm(b), product, 1e-12, $"{width}, {threads} threads");
            }
        }
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("mingru")]
    [InlineData("slstm")]
    [InlineData("rg-lru")]
    public void StridedAndExpandedTensors_EqualContiguousOnes(string cell)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = new EngineCase(cell, ScalarType.Float64, 7, 3, 5, 11, bias: true);
        var (_, _, expected) = layer.ByKernels(reversed: true);
        foreach (var (strided, weight) in new (Func<Tensor, Tensor>, Tensor?)[] { (ByBatch, layer.Weights.HiddenWeight?.t().contiguous().t()), (EveryOther, layer.Weights.HiddenWeight is { } w ? EveryOther(w) : null) })
        {
            var other = layer with
            {
                Input = strided(layer.Input),
                Weights = layer.Weights with { HiddenWeight = weight },
                Cotangents = layer.Cotangents with { Output = strided(layer.Cotangents.Output!), FinalHidden = EveryOther(layer.Cotangents.FinalHidden!) },
            };
            Assert.False(other.Input.is_contiguous());
            var (_, _, actual) = other.ByKernels(reversed: true);
            Expect.Close(LayerCase.ByName(expected), LayerCase.ByName(actual), 0, cell);
        }

        var filled = layer with { Cotangents = new LayerCotangents(ones_like(layer.Cotangents.Output!)) };
        var expanded = layer with { Cotangents = new LayerCotangents(ones(1, 1, 1, dtype: ScalarType.Float64).expand(7, 3, 11)) };
        Expect.Close(LayerCase.ByName(filled.ByKernels(false).Gradients), LayerCase.ByName(expanded.ByKernels(false).Gradients), 0, cell);

        static Tensor ByBatch(Tensor x) => x.transpose(0, 1).contiguous().transpose(0, 1);
        static Tensor EveryOther(Tensor x) => stack([x, x], -1).select(-1, 1);
    }

    [Theory]
    [InlineData("relu")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("layernorm-lstm")]
    public void WhatIsNotWanted_IsNotMade(string cell)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = new EngineCase(cell, ScalarType.Float64, 7, 3, 5, 11, bias: true);
        var tape = layer.MakeTape();
        _ = layer.Kernels.Forward(layer.Arguments, reversed: false, tape);
        var all = LayerCase.ByName(layer.ByEquations(reversed: false).Gradients);
        foreach (var (wanted, name) in new[] { (WantedGradients.Input, "input"), (WantedGradients.InputWeight, "weight_ih"), (WantedGradients.HiddenWeight, "weight_hh"), (WantedGradients.InputBias, "bias_ih"), (WantedGradients.HiddenBias, "bias_hh") })
        {
            var before = Expect.LiveTensors;
            var gradients = LayerCase.ByName(layer.Kernels.Backward(layer.Arguments, reversed: false, tape, layer.Cotangents, wanted));
            Assert.Equal(before + 1, Expect.LiveTensors);
            Assert.Equal([name], gradients.Keys);
            Expect.Close(all[name], gradients[name], 1e-12, name);
        }
    }

    [Fact]
    public void Forward_WithoutTape_MakesResultsAlone()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = new EngineCase("lstm", ScalarType.Float32, 7, 3, 5, 11, bias: true);
        var before = Expect.LiveTensors;
        _ = layer.Kernels.Forward(layer.Arguments, reversed: false, tape: null);
        Assert.Equal(before + 2, Expect.LiveTensors); // the output and the final state
    }

    [Fact]
    public void CanRun_IsFalseForWhatTheKernelsCannotRead()
    {
        using var scope = NewDisposeScope();
        var layer = new EngineCase("lstm", ScalarType.Float32, 7, 3, 5, 11, bias: true);
        Assert.True(layer.Kernels.CanRun(layer.Arguments));
        Assert.False(layer.Kernels.CanRun(layer.Arguments with { Input = zeros(7, 0, 5) }));
        Assert.False(layer.Kernels.CanRun(layer.Arguments with { Input = zeros(0, 3, 5) }));
        Assert.False(layer.Kernels.CanRun(layer.Arguments with { Input = layer.Input.to(ScalarType.Float64) }));
        var half = new EngineCase("lstm", ScalarType.BFloat16, 7, 3, 5, 11, bias: true);
        Assert.False(half.Kernels.CanRun(half.Arguments));
    }

    [Fact]
    public void WrongShapes_AreNamed()
    {
        using var scope = NewDisposeScope();
        var layer = new EngineCase("gru", ScalarType.Float64, 7, 3, 5, 11, bias: true);
        Assert.StartsWith("input: expected [T, B, I] with T above 0 and I = 5, got [7, 3, 4]", Thrown(() => layer.Kernels.Forward(layer.Arguments with { Input = zeros(7, 3, 4, dtype: ScalarType.Float64) }, false, 0)), StringComparison.Ordinal);
        Assert.StartsWith("h_0: expected", Thrown(() => layer.Kernels.Forward(layer.Arguments with { Initial = new RecurrentState(zeros(2, 11, dtype: ScalarType.Float64)) }, false, 0)), StringComparison.Ordinal);
        Assert.StartsWith("cotangents.Output: expected [7, 3, 11]", Thrown(() => layer.Kernels.Backward(layer.Arguments, false, 0, new LayerCotangents(zeros(7, 3, 10, dtype: ScalarType.Float64)), WantedGradients.Input)), StringComparison.Ordinal);

        static string Thrown(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;
    }
}
