using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The vanilla RNN (Elman 1990):
/// <code>
/// (1) h_t = φ(W_ih·x_t + b_ih + W_hh·h_{t-1} + b_hh)   or φ(…; b)
/// (2) ∂a = ∂h·∂φ/∂a
/// (3) ∂b = Σ ∂h·∂φ/∂b over steps and batch
/// </code>
/// The derivatives of φ are functions of h_t, so the output is the tape.
/// </summary>
internal readonly unsafe struct VectorVanilla<S, V, T, TNonlinearity> : IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
    where TNonlinearity : struct, INonlinearity<V>
{
    public static int Gates => 1;

    public static int Columns => 1;

    public static int Slots => 1;

    public static int FirstInputColumn => 0;

    public static int FirstHiddenColumn => 0;

    public static int CellStateSlot => -1;

    public static bool NeedsTape => false;

    public static bool ReadsOutput => true;

    public static bool ReadsPreviousOutput => false;

    public static bool CarriesDH => false;

    public static int InputGate(int column) => 0;

    public static int HiddenGate(int column) => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in StepProduct<S, V, T> product, int unit, int count) =>
        product.Run(first: unit, columnStep: 1, count, slot: unit, slotStep: 1);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Activate(in ForwardStep<T> step, int unit, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++)
        {
            var record = step.Record + (row * step.RecordStride) + (unit * lanes);
            var h = step.H + (row * step.HStride) + (unit * lanes);
            var bias = step.ActivationBias + (unit * lanes);
            for (var u = 0; u < count; u++)
            {
                S.Store(h, TNonlinearity.Apply(S.Load(record), TNonlinearity.HasBias ? S.Load(bias) : S.Zero)); // (1)
                record += lanes;
                h += lanes;
                bias += lanes;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Differentiate(in BackwardStep<T> step)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++)
        {
            var h = step.H + (row * step.HStride);
            var dH = step.DH + (row * step.StateStride);
            var dOutput = step.DOutputRow(row);
            var dRow = step.DRows + (row * step.DRowsStride);
            for (var u = 0; u < step.UnitBlocks; u++)
            {
                var dh = BackwardStep<T>.StateGradient<S, V>(dH, dOutput, u * lanes);
                var dA = TNonlinearity.Differentiate(S.Load(h), dh); // (2)
                S.Store(dRow, dA);
                if (TNonlinearity.HasBias && step.DActivationBias != null)
                {
                    var sum = step.DActivationBias + (u * lanes);
                    S.Store(sum, S.Add(S.Load(sum), TNonlinearity.DifferentiateByBias(S.Load(h), dh))); // (3)
                }

                h += lanes;
                dRow += lanes;
            }
        }
    }
}

/// <summary>φ of the vanilla RNN, and its derivatives as functions of its value h = φ(a), or φ(a; b) with a bias inside.</summary>
internal interface INonlinearity<V>
    where V : struct
{
    /// <summary>Whether φ has a bias inside; without one, b is zero and its gradient is not asked for.</summary>
    static virtual bool HasBias => false;

    static abstract V Apply(V a, V b);

    /// <summary>∂h·∂φ/∂a.</summary>
    static abstract V Differentiate(V h, V dH);

    /// <summary>∂h·∂φ/∂b.</summary>
    static virtual V DifferentiateByBias(V h, V dH) => dH;
}

/// <summary>tanh; φ' = 1 − h².</summary>
internal readonly struct TanhNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => VectorMath<S, V, T>.Tanh(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.Multiply(dH, S.Subtract(S.Constant(1), S.Multiply(h, h)));
}

/// <summary>max(a, 0), NaN where a is; φ' = 1 above zero, 0 at and below it, and 1 where h is NaN, as torch has it.</summary>
internal readonly struct ReluNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => S.WhereNotBelow(a, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.WhereNotBelow(h, dH);
}

/// <summary>The identity.</summary>
internal readonly struct LinearNonlinearity<V> : INonlinearity<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => dH;
}

/// <summary>
/// modReLU, sign(a)·max(|a| + b, 0), NaN where a is (Arjovsky, Shah and Bengio 2016, over the reals): ∂φ/∂a = 1 and
/// ∂φ/∂b = sign(h) where h is above or below zero, else, of NaN too, both are 0. So the derivative at the kink |a| = −b is that of the dead side,
/// and at a = 0, where φ jumps if b is above zero, it is 0.
/// </summary>
internal readonly struct ModReluNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public static bool HasBias => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b)
    {
        var above = S.Add(a, b);
        var below = S.Subtract(b, a);
        return S.Subtract(S.WhereNotBelow(a, S.WhereNotBelow(above, above)), S.WhereNotBelow(S.Negate(a), S.WhereNotBelow(below, below)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.Add(S.WherePositive(h, dH), S.WherePositive(S.Negate(h), dH));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DifferentiateByBias(V h, V dH) => S.Subtract(S.WherePositive(h, dH), S.WherePositive(S.Negate(h), dH));
}
