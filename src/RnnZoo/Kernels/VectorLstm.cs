using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), in PyTorch's form. With a the
/// pre-activations W_ih·x_t + b_ih + W_hh·h_{t-1} + b_hh:
/// <code>
/// (1) i = σ(a_i)   f = σ(a_f)   g = tanh(a_g)   o = σ(a_o)
/// (2) c_t = f·c_{t-1} + i·g
/// (3) h_t = o·tanh(c_t)
/// (4) ∂a_o = ∂h·tanh(c_t)·o(1 − o)
/// (5) ∂c = ∂c from later steps + ∂h·o·(1 − tanh²c_t)
/// (6) ∂a_i = ∂c·g·i(1 − i)   ∂a_f = ∂c·c_{t-1}·f(1 − f)   ∂a_g = ∂c·i·(1 − g²)
/// (7) ∂c_{t-1} = ∂c·f
/// </code>
/// Tape: i, f, g, o, c_t. tanh(c_t) is found again in the backward step: that costs less than its memory traffic.
/// </summary>
internal readonly unsafe struct VectorLstm<S, V, T> : IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    private const int I = 0, F = 1, G = 2, O = 3, C = 4;

    public static int Gates => 4;

    public static int Columns => 4;

    public static int Slots => 5;

    public static int FirstInputColumn => 0;

    public static int FirstHiddenColumn => 0;

    public static int CellStateSlot => C;

    public static bool NeedsTape => true;

    public static bool ReadsOutput => false;

    public static bool ReadsPreviousOutput => false;

    public static bool CarriesDH => false;

    public static int InputGate(int column) => column;

    public static int HiddenGate(int column) => column;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in StepProduct<S, V, T> product, int unit, int count)
    {
        for (var n = 0; n < count; n++)
        {
            product.Run(first: (unit + n) * 4, columnStep: 1, count: 4, slot: (unit + n) * 5, slotStep: 1);
        }
    }

    // Three short loops and not one long: the chains of their iterations overlap, and the compiler inlines all of each.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Activate(in ForwardStep<T> step, int unit, int count)
    {
        nint offset = unit * 5 * S.Lanes;
        ActivateInputAndForget(step, step.Record + offset, count);
        ActivateCell(step, step.Record + offset, step.PreviousRecord + offset + (C * S.Lanes), count);
        ActivateHidden(step, step.Record + offset, step.H + (unit * S.Lanes), count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Differentiate(in BackwardStep<T> step)
    {
        nint lanes = S.Lanes;
        var one = S.Constant(1);
        var column = step.DRowsColumnStride;
        var given = step.CellGiven;
        for (var row = 0; row < step.Rows; row++)
        {
            var record = step.Record + (row * step.RecordStride);
            var previousC = step.PreviousRecord + (row * step.RecordStride) + (C * lanes);
            var dH = step.DH + (row * step.StateStride);
            var dOutput = step.DOutputRow(row);
            var dC = step.DC + (row * step.StateStride);
            var dCTotal = step.DCTotal + (row * step.StateStride);
            var dRow = step.DRows + (row * step.DRowsStride);
            for (var u = 0; u < step.UnitBlocks; u++)
            {
                var tanhC = VectorMath<S, V, T>.Tanh(S.Load(record + (C * lanes)));
                var o = S.Load(record + (O * lanes));
                var dh = BackwardStep<T>.StateGradient<S, V>(dH, dOutput, u * lanes);
                var dA = S.Multiply(S.Multiply(dh, tanhC), S.Multiply(o, S.Subtract(one, o))); // (4)
                S.Store(dRow + (O * column), dA);

                var slope = S.Subtract(one, S.Multiply(tanhC, tanhC));
                var dc = given ? S.Load(dC) : S.MultiplyAdd(S.Multiply(dh, o), slope, S.Load(dC)); // (5)
                if (step.DCTotal != null)
                {
                    S.Store(dCTotal, dc);
                }

                var i = S.Load(record + (I * lanes));
                var g = S.Load(record + (G * lanes));
                dA = S.Multiply(S.Multiply(dc, g), S.Multiply(i, S.Subtract(one, i))); // (6)
                S.Store(dRow + (I * column), dA);
                dA = S.Multiply(S.Multiply(dc, i), S.Subtract(one, S.Multiply(g, g)));
                S.Store(dRow + (G * column), dA);
                var f = S.Load(record + (F * lanes));
                var dcPrevious = S.Multiply(dc, f);
                dA = S.Multiply(S.Multiply(dcPrevious, S.Load(previousC)), S.Subtract(one, f));
                S.Store(dRow + (F * column), dA);
                S.Store(dC, dcPrevious); // (7)

                record += 5 * lanes;
                previousC += 5 * lanes;
                dC += lanes;
                dCTotal += lanes;
                dRow += lanes;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ActivateInputAndForget(in ForwardStep<T> step, T* first, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++, first += step.RecordStride)
        {
            var record = first;
            for (var u = 0; u < count; u++, record += 5 * lanes)
            {
                S.Store(record + (I * lanes), VectorMath<S, V, T>.Sigmoid(S.Load(record + (I * lanes)))); // (1)
                S.Store(record + (F * lanes), VectorMath<S, V, T>.Sigmoid(S.Load(record + (F * lanes))));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ActivateCell(in ForwardStep<T> step, T* first, T* firstPreviousC, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++, first += step.RecordStride, firstPreviousC += step.RecordStride)
        {
            var record = first;
            var previousC = firstPreviousC;
            for (var u = 0; u < count; u++, record += 5 * lanes, previousC += 5 * lanes)
            {
                var g = VectorMath<S, V, T>.Tanh(S.Load(record + (G * lanes))); // (1)
                S.Store(record + (G * lanes), g);
                S.Store(record + (O * lanes), VectorMath<S, V, T>.Sigmoid(S.Load(record + (O * lanes))));
                var kept = S.Multiply(S.Load(record + (F * lanes)), S.Load(previousC));
                S.Store(record + (C * lanes), S.MultiplyAdd(S.Load(record + (I * lanes)), g, kept)); // (2)
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ActivateHidden(in ForwardStep<T> step, T* first, T* firstH, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++, first += step.RecordStride, firstH += step.HStride)
        {
            var record = first;
            var h = firstH;
            for (var u = 0; u < count; u++, record += 5 * lanes, h += lanes)
            {
                var tanhC = VectorMath<S, V, T>.Tanh(S.Load(record + (C * lanes)));
                S.Store(h, S.Multiply(S.Load(record + (O * lanes)), tanhC)); // (3)
            }
        }
    }
}
