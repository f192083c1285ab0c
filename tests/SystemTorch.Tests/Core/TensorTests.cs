using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class TensorTests
{
    [Fact]
    public void Factories_OnTheMetaDevice_MakeShapesWithoutMemory()
    {
        long[] size = [1L << 40];
        Assert.All([empty(size, device: META), zeros(size, device: META), ones(size, device: META)], tensor =>
        {
            using (tensor)
            {
                Assert.Equal((DeviceType.META, 1L << 40), (tensor.device_type, tensor.numel()));
            }
        });
    }

    [Fact]
    public void Factories_GiveTheTypesOfTheGenuineLibrary()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.Float32, zeros(2).dtype);
        Assert.Equal(ScalarType.Int64, full(2, 3).dtype);
        Assert.Equal(ScalarType.Float32, full(2, 3.0).dtype);
        Assert.Equal(ScalarType.Int64, arange(5).dtype);
        Assert.Equal(ScalarType.Float32, arange(0, 1, 0.25).dtype);
        Assert.Equal(ScalarType.Float64, tensor(1.0).dtype);
        Assert.Equal(ScalarType.Float32, tensor(1f).dtype);
        Assert.Equal(ScalarType.Int64, randint(5, [2L]).dtype);
        Assert.Equal(ScalarType.Float16, tensor([(Half)1]).dtype);
        Assert.Equal(ScalarType.ComplexFloat64, tensor(new Complex(1, 2)).dtype);
        Assert.Equal([0.0, 0.25, 0.5, 0.75, 1.0], linspace(0, 1, 5, float64).data<double>().ToArray());
        Assert.Equal([1f, 0f, 0f, 0f, 1f, 0f], eye(2, 3).data<float>().ToArray());
    }

    [Fact]
    public void DefaultType_IsUsedAndPutBack()
    {
        using var scope = NewDisposeScope();
        try
        {
            set_default_dtype(ScalarType.Float64);
            Assert.Equal(ScalarType.Float64, ones(2).dtype);
            Assert.Equal(ScalarType.Float64, (ones(2, int64) / 3).dtype);
        }
        finally
        {
            set_default_dtype(ScalarType.Float32);
        }
        Assert.Equal(ScalarType.Float32, ones(2).dtype);
    }

    [Fact]
    public void Arrays_KeepTheirShapeAndOrder()
    {
        using var scope = NewDisposeScope();
        var cube = new int[2, 3, 5];
        Buffer.BlockCopy(Enumerable.Range(0, 30).ToArray(), 0, cube, 0, 120);
        var t = tensor(cube);
        Assert.Equal([2L, 3, 5], t.shape);
        Assert.Equal(cube, t.data<int>().ToNDArray());
        Assert.Equal(cube[1, 2, 3], t.data<int>()[1, 2, 3]);
        Assert.Equal([0, 15, 5, 20], t[.., ..2, 0].t().contiguous().data<int>().ToArray());
        Assert.Equal([0, 15, 5, 20], t[.., ..2, 0].t().data<int>().ToArray());
        Assert.Equal([true, false], tensor(new[] { true, false }).data<bool>().ToArray());
        Assert.Equal(ScalarType.Float64, tensor(new[] { 1, 2 }, float64).dtype);
    }

    [Fact]
    public void Accessor_WritesThroughStrides()
    {
        using var scope = NewDisposeScope();
        var t = zeros(2, 3);
        t.t().data<float>().CopyFrom([1, 2, 3, 4, 5, 6]);
        Assert.Equal([1f, 3, 5, 2, 4, 6], t.data<float>().ToArray());
        t.data<float>()[1, 2] = 9;
        Assert.Equal(9, t[1, 2].item<float>());
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(t.bytes)[0] = 7;
        Assert.Equal(7, t[0, 0].item<float>());
    }

    [Fact]
    public void Operators_FollowTheirSymbols()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new[] { 1.0, 2.0, 4.0 });
        var b = tensor(new[] { 2.0, 2.0, 2.0 });
        double[] Of(Tensor t) => t.data<double>().ToArray();
        Assert.Equal([3.0, 4.0, 6.0], Of(a + b));
        Assert.Equal([-1.0, 0.0, 2.0], Of(a - 2));
        Assert.Equal([1.0, 0.0, -2.0], Of(2 - a));
        Assert.Equal([2.0, 4.0, 8.0], Of(2.0 * a));
        Assert.Equal([4.0, 2.0, 1.0], Of(4 / a));
        Assert.Equal([0.5, 1.0, 2.0], Of(a / b));
        Assert.Equal([1.0, 2.0, 1.0], Of(a % 3));
        Assert.Equal([-1.0, -2.0, -4.0], Of(-a));
        Assert.Equal([false, false, true], (a > b).data<bool>().ToArray());
        Assert.Equal([true, false, false], (2.0.ToScalar() > a).data<bool>().ToArray());
        Assert.Equal([false, true, false], (a == b).data<bool>().ToArray());
        Assert.Equal([true, false, true], (~(a == b)).data<bool>().ToArray());
        Assert.Equal(4.0, (double)a[2]);
        Assert.Equal([0.0, 1.0, 2.0], Of(a.div(2, RoundingMode.floor)));
        Assert.Equal([1.0, 2.0, 3.0], Of(a.clamp(max: 3)));
    }

    [Fact]
    public void InPlace_ReturnsTheSameObject()
    {
        using var scope = NewDisposeScope();
        var a = ones(3);
        Assert.Same(a, a.add_(1).mul_(3).sub_(ones(3)).sqrt_().clamp_(0, 2).zero_().fill_(5).copy_(full([3], 7f)));
        Assert.Equal(21, a.sum().item<float>());
        Assert.Equal(4, scope.DisposablesCount);
    }

    [Fact]
    public void Reductions_AgreeWithPlainLoops()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var t = randn([5, 7], float64);
        var values = t.data<double>().ToArray();
        var mean = values.Average();
        var variance = values.Sum(v => (v - mean) * (v - mean)) / 34;
        Assert.Equal(mean, t.mean().item<double>(), 1e-12);
        Assert.Equal(variance, t.var().item<double>(), 1e-12);
        Assert.Equal(Math.Sqrt(variance * 34 / 35), t.std(unbiased: false).item<double>(), 1e-12);
        Assert.Equal(values.Max(), t.max().item<double>());
        Assert.Equal(Array.IndexOf(values, values.Min()), t.argmin().item<long>());
        Assert.Equal(values[..7].Max(), t.max(1).values[0].item<double>());
        Assert.Equal([1L, 7], t.amax([0L], keepdim: true).shape);
        Assert.Equal(values.Count(v => v > 0), (t > 0).sum().item<long>());
        Assert.Equal(Math.Log(values.Take(7).Sum(Math.Exp)), t.logsumexp(1)[0].item<double>(), 1e-12);
        Assert.Equal(Math.Sqrt(values.Sum(v => v * v)), t.norm().item<double>(), 1e-12);
        Assert.Equal(1.0, t.softmax(1)[3].sum().item<double>(), 1e-12);
        Assert.Equal(values.Order().ElementAt(17), t.median().item<double>());
    }

    [Fact]
    public void Selection_SortsGathersAndCounts()
    {
        using var scope = NewDisposeScope();
        var t = tensor(new long[] { 3, 1, 2, 3, 1, 1 });
        Assert.Equal([1L, 1, 1, 2, 3, 3], t.sort().Values.data<long>().ToArray());
        Assert.Equal([3L, 3], t.topk(2).values.data<long>().ToArray());
        var (output, inverse, counts) = t.unique(return_inverse: true, return_counts: true);
        Assert.Equal([1L, 2, 3], output.data<long>().ToArray());
        Assert.Equal([3L, 1, 2], counts!.data<long>().ToArray());
        Assert.True(output[inverse!].Equals(t));
        Assert.Null(t.unique().counts);
        Assert.Equal([0L, 3, 1, 2], t.bincount(null).data<long>().ToArray());
        Assert.Equal([2L, 3], t.index_select(0, tensor(new long[] { 2, 0 })).data<long>().ToArray());
        Assert.Equal([2f, 3, 1], zeros(3).scatter_add(0, t % 3, ones(6)).data<float>().ToArray());
        Assert.Equal([1L, 2, 1, 1, 1], cat([t[2..4] - 1, ones(3, int64)]).data<long>().ToArray());
        Assert.Equal([3L, 2], stack([t[..2], t[2..4], t[4..]]).shape);
        Assert.Equal([[3L, 1], [2L, 3], [1L, 1]], t.split(2).Select(part => part.data<long>().ToArray()));
    }

    [Fact]
    public void Printing_ShowsShapeTypeAndValues()
    {
        using var scope = NewDisposeScope();
        var t = arange(6, float32).view(2, 3);
        Assert.Equal("[2x3], type = Float32, device = cpu", t.ToString());
        Assert.Contains("5", t.str());
        Assert.Equal("[[0 1 2]\n [3 4 5]]", t.npstr(newLine: "\n"));
        Assert.Contains("...", arange(1000).str());
        Assert.Contains("invalid", new Func<string>(() =>
        {
            var gone = ones(1);
            gone.Dispose();
            return gone.ToString();
        })());
    }

    [Fact]
    public void Archive_OfLibtorch_RoundTrips()
    {
        using var scope = NewDisposeScope();
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N} ü.pt");
        try
        {
            var t = randn(3, 5);
            t.save(file);
            Assert.True(t.Equals(load(file)));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
