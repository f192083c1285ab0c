using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo;

/// <summary>
/// Numbers for torch's operations that no collection of garbage can free. A number given as it is becomes a Scalar that nothing
/// holds while native code reads it, so that a collection at the wrong moment makes another number of it. So it is with
/// TorchSharp's own a.add(b), a.square() and a.ToDouble().
/// </summary>
internal static class Scalars
{
    private static readonly ConcurrentDictionary<double, Scalar> Reals = [];
    private static readonly ConcurrentDictionary<long, Scalar> Integers = [];

    public static Scalar One { get; } = Of(1L);

    public static Scalar Zero { get; } = Of(0L);

    /// <summary>A real number; it is kept for good.</summary>
    public static Scalar Of(double number) => Reals.GetOrAdd(number, value => value);

    /// <summary>An integer; it is kept for good.</summary>
    public static Scalar Of(long number) => Integers.GetOrAdd(number, value => value);

    /// <summary>A number that differs from call to call; <c>using</c> holds it until the operation is done.</summary>
    public static Scalar New(double number) => number;

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>a + number.</summary>
    public static Tensor Plus(this Tensor a, Scalar number) => a.add(number, One);

    /// <summary>a², element by element.</summary>
    public static Tensor Squared(this Tensor a) => a.mul(a);

    /// <summary>The number of a tensor of one element.</summary>
    public static double Number(this Tensor tensor)
    {
        using var wide = tensor.to(ScalarType.Float64);
        return wide.item<double>();
    }
}
