using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Assertions on tensors.</summary>
internal static class Expect
{
    /// <summary>Equal shapes, no NaN, and no element further off than the tolerance times the largest magnitude (at least 1).</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: expected shape [{string.Join(", ", expected.shape)}], got [{string.Join(", ", actual.shape)}]");
        if (expected.NumberOfElements == 0)
        {
            return;
        }

        var want = expected.detach().to(ScalarType.Float64);
        var error = want.sub(actual.detach().to(ScalarType.Float64)).abs().max().item<double>();
        var scale = Math.Max(1, want.abs().max().item<double>());
        Assert.True(error <= tolerance * scale, $"{what}: off by {error:E2} at scale {scale:E2}"); // false for NaN
    }

    public static void Close(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, value) in expected)
        {
            Close(value, actual[name], tolerance, $"{what}: {name}");
        }
    }

    public static void Message<TException>(string expected, Action action) where TException : Exception =>
        Assert.Equal(expected, Assert.Throws<TException>(action).Message);

    public static long LiveTensors => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
