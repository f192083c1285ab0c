using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

/// <summary>Indices against what NumPy gives for arange(30) in the shape [2, 3, 5].</summary>
public class IndexingTests
{
    public static readonly TheoryData<Func<Tensor, Tensor>, long[], long[]> Reads = new()
    {
        { t => t[1], [3, 5], [15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29] },
        { t => t[-1, 2], [5], [25, 26, 27, 28, 29] },
        { t => t[1, 2, -5], [], [25] },
        { t => t[.., 1], [2, 5], [5, 6, 7, 8, 9, 20, 21, 22, 23, 24] },
        { t => t[.., .., 1..3], [2, 3, 2], [1, 2, 6, 7, 11, 12, 16, 17, 21, 22, 26, 27] },
        { t => t[TensorIndex.Ellipsis, 4], [2, 3], [4, 9, 14, 19, 24, 29] },
        { t => t[0, TensorIndex.Colon, ^1], [3], [4, 9, 14] },
        { t => t[0, 0, TensorIndex.Slice(step: 2)], [3], [0, 2, 4] },
        { t => t[0, 0, TensorIndex.Slice(-2)], [2], [3, 4] },
        { t => t[0, 0, ..^1], [4], [0, 1, 2, 3] },
        { t => t[0, TensorIndex.Null, 1, 2..4], [1, 2], [7, 8] },
        { t => t[TensorIndex.None, 1, 1, 1], [1], [21] },
        { t => t[TensorIndex.Tensor(tensor(new long[] { 1, 0 })), 2, 0], [2], [25, 10] },
        { t => t[.., TensorIndex.Tensor(tensor(new long[] { 2, 0 })), 3], [2, 2], [13, 3, 28, 18] },
        { t => t[t.gt(26)], [3], [27, 28, 29] },
        { t => t[tensor(new long[] { 0, 1 }), tensor(new long[] { 2, 1 })], [2, 5], [10, 11, 12, 13, 14, 20, 21, 22, 23, 24] },
        { t => t[TensorIndex.Bool(true), 1, 1, 0], [1], [20] },
        { t => t.index(TensorIndex.Ellipsis), [2, 3, 5], [.. Enumerable.Range(0, 30).Select(i => (long)i)] },
    };

    [Theory]
    [MemberData(nameof(Reads))]
    public void Read_GivesShapeAndValues(Func<Tensor, Tensor> read, long[] shape, long[] values)
    {
        using var scope = NewDisposeScope();
        var result = read(arange(30).view(2, 3, 5));
        Assert.Equal(shape, result.shape);
        Assert.Equal(values, result.data<long>().ToArray());
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public void Read_LeavesOneTensorInTheScope(Func<Tensor, Tensor> read, long[] shape, long[] values)
    {
        using var scope = NewDisposeScope();
        var source = arange(30).view(2, 3, 5);
        using var inner = NewDisposeScope();
        var result = read(source);
        Assert.True(inner.Contains(result));
        Assert.False(source.IsInvalid);
        Assert.Equal(shape.Aggregate(1L, (a, b) => a * b), values.Length);
    }

    public static readonly TheoryData<Action<Tensor>, long[]> Writes = new()
    {
        { t => t[1] = tensor(9L), [0, 1, 2, 9, 9, 9] },
        { t => t[0, 1] = tensor(9L), [0, 9, 2, 3, 4, 5] },
        { t => t[.., 0] = tensor(new long[] { 8, 9 }), [8, 1, 2, 9, 4, 5] },
        { t => t[.., 1..] = zeros(2, int64), [0, 0, 0, 3, 0, 0] },
        { t => t[t.gt(3)] = tensor(7L), [0, 1, 2, 3, 7, 7] },
        { t => t[TensorIndex.Tensor(tensor(new long[] { 1 })), TensorIndex.Tensor(tensor(new long[] { 2 }))] = tensor(9L), [0, 1, 2, 3, 4, 9] },
        { t => t.index_put_(5, TensorIndex.Ellipsis, 1), [0, 5, 2, 3, 5, 5] },
        { t => t.index_put_(ones(2, int64), [TensorIndex.Tensor(tensor(new long[] { 0, 0 })), TensorIndex.Tensor(tensor(new long[] { 1, 1 }))], accumulate: true), [0, 3, 2, 3, 4, 5] },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void Write_ChangesWhatTheIndexNames(Action<Tensor> write, long[] values)
    {
        using var scope = NewDisposeScope();
        var target = arange(6).view(2, 3);
        write(target);
        Assert.Equal(values, target.data<long>().ToArray());
    }

    [Fact]
    public void Gradient_FlowsThroughReadAndWrite()
    {
        using var scope = NewDisposeScope();
        var x = randn([3, 5], float64, requires_grad: true);
        var written = zeros([3, 5], float64);
        written[1] = x[2] * 2;
        written[TensorIndex.Tensor(tensor(new long[] { 0, 2 })), 1..3] = x[0, 0];
        written.sum().backward();
        var expected = zeros([3, 5], float64);
        expected[2] = tensor(2.0);
        expected[0, 0] = tensor(4.0);
        Assert.True(expected.Equals(x.grad!));
    }

    [Fact]
    public void OutOfRange_Throws()
    {
        using var scope = NewDisposeScope();
        var t = arange(6).view(2, 3);
        Assert.Throws<ExternalException>(() => t[2]);
        Assert.Throws<ExternalException>(() => t[0, 3]);
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => t[0, 0, 0]).Message);
        Assert.Throws<ArgumentException>(() => t[TensorIndex.Slice(step: -1)]);
    }
}
