using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>What is done element by element, under the names of ONNX.</summary>
internal enum StepOperation
{
    Add,
    Sub,
    Mul,
    Div,
    Exp,
    Softplus,
    Sqrt,
    Sigmoid,
    Tanh,
    Relu,
    Sign,
    Abs,
    Sin,
    Cos,
    Max,

    /// <summary>The first where the second is above 0, else 0. No operator of ONNX: of steps back alone.</summary>
    WherePositive,

    /// <summary>0 where the second is 0 or below, else the first. No operator of ONNX: of steps back alone.</summary>
    WhereNotBelow,
}

/// <summary>A function of one or two vectors, of which an unary one does not read the second.</summary>
internal interface IStepFunction<V>
    where V : struct
{
    static abstract V Of(V a, V b);
}

/// <summary>A function, as what expressions are made with.</summary>
/// <param name="length">About how many operations it is.</param>
internal abstract class StepFunction<S, V, T>(int length)
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>About how many operations it is.</summary>
    public int Length => length;

    public abstract StepLoop<S, V, T> Of(StepLoop<S, V, T> a, StepLoop<S, V, T>? b);
}

/// <summary>A function by its type.</summary>
internal sealed class StepFunction<F, S, V, T>(int length) : StepFunction<S, V, T>(length)
    where F : struct, IStepFunction<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public override StepLoop<S, V, T> Of(StepLoop<S, V, T> a, StepLoop<S, V, T>? b) => b is null ? a.Into<F>() : a.With<F>(b);
}

/// <summary>The functions of the operations.</summary>
internal static class StepFunctions<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    // About how many operations a function of several is.
    private const int Long = 8;
    private const int Longest = 16;

    public static StepFunction<S, V, T> Of(StepOperation operation) => operation switch
    {
        StepOperation.Add => Of<Add>(),
        StepOperation.Sub => Of<Sub>(),
        StepOperation.Mul => Of<Mul>(),
        StepOperation.Div => Of<Div>(),
        StepOperation.Exp => Of<Exp>(Long),
        StepOperation.Softplus => Of<Softplus>(Longest),
        StepOperation.Sqrt => Of<Sqrt>(),
        StepOperation.Sigmoid => Of<Sigmoid>(Long),
        StepOperation.Tanh => Of<Tanh>(Long),
        StepOperation.Relu => Of<Relu>(),
        StepOperation.Sign => Of<Sign>(),
        StepOperation.Abs => Of<Abs>(),
        StepOperation.Sin => Of<Sin>(Longest),
        StepOperation.Cos => Of<Cos>(Longest),
        StepOperation.Max => Of<Max>(),
        StepOperation.WherePositive => Of<WherePositive>(),
        StepOperation.WhereNotBelow => Of<WhereNotBelow>(),
        _ => throw new NotSupportedException($"operation: expected one of {string.Join(", ", Enum.GetNames<StepOperation>())}, got {operation}."),
    };

    private static StepFunction<S, V, T> Of<F>(int length = 1)
        where F : struct, IStepFunction<V> => new StepFunction<F, S, V, T>(length);

    private readonly struct Add : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Add(a, b);
    }

    private readonly struct Sub : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Subtract(a, b);
    }

    private readonly struct Mul : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Multiply(a, b);
    }

    private readonly struct Div : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Divide(a, b);
    }

    private readonly struct Exp : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Exp(a);
    }

    // max(a, 0) + log(1 + e^-|a|), good to a rounding of its larger part.
    private readonly struct Softplus : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Add(S.WhereNotBelow(a, a), S.Log(S.Add(S.Constant(1), VectorMath<S, V, T>.Exp(S.Negate(S.Max(a, S.Negate(a)))))));
    }

    private readonly struct Sqrt : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Sqrt(a);
    }

    private readonly struct Sigmoid : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Sigmoid(a);
    }

    private readonly struct Tanh : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => VectorMath<S, V, T>.Tanh(a);
    }

    private readonly struct Relu : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.WhereNotBelow(a, a);
    }

    private readonly struct Sign : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Subtract(S.WherePositive(a, S.Constant(1)), S.WherePositive(S.Negate(a), S.Constant(1)));
    }

    private readonly struct Abs : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Max(a, S.Negate(a));
    }

    private readonly struct Sin : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Sin(a);
    }

    private readonly struct Cos : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Cos(a);
    }

    private readonly struct Max : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.Max(a, b);
    }

    private readonly struct WherePositive : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.WherePositive(b, a);
    }

    private readonly struct WhereNotBelow : IStepFunction<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of(V a, V b) => S.WhereNotBelow(b, a);
    }
}
