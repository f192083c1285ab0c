using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The GRU (Cho et al. 2014) in PyTorch's form, where the reset gate multiplies the recurrent product, bias included:
/// <code>
/// (1) r = σ(W_ir·x_t + b_ir + W_hr·h_{t-1} + b_hr)   z likewise
/// (2) m = W_hn·h_{t-1} + b_hn   n = tanh(W_in·x_t + b_in + r·m)
/// (3) h_t = (1 − z)·n + z·h_{t-1}
/// (4) ∂a_z = ∂h·(h_{t-1} − n)·z(1 − z)
/// (5) ∂a_n = ∂h·(1 − z)·(1 − n²)   ∂m = ∂a_n·r
/// (6) ∂a_r = ∂a_n·m·r(1 − r)
/// (7) ∂h_{t-1} = ∂h·z + what comes through the weights from ∂m, ∂a_r, ∂a_z
/// </code>
/// The columns are m, r, z, n: the first three read the state, the last three the input.
/// </summary>
internal readonly unsafe struct VectorGru<S, V, T> : IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    private const int M = 0, R = 1, Z = 2, N = 3;

    public static int Gates => 3;

    public static int Columns => 4;

    public static int Slots => 4;

    public static int FirstInputColumn => R;

    public static int FirstHiddenColumn => M;

    public static int CellStateSlot => -1;

    public static bool NeedsTape => true;

    public static bool ReadsOutput => false;

    public static bool ReadsPreviousOutput => true;

    public static bool CarriesDH => true;

    // PyTorch's order is r, z, n.
    public static int InputGate(int column) => column - 1;

    public static int HiddenGate(int column) => column == M ? 2 : column - 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in StepProduct<S, V, T> product, int unit, int count)
    {
        for (var column = M; column <= N; column++)
        {
            if (column != N || !product.InputDone)
            {
                var first = (unit * 4) + column;
                product.Run(first, columnStep: 4, count, slot: first, slotStep: 4, input: column != M, hidden: column != N);
            }
        }
    }

    // Two short loops and not one long: the chains of their iterations overlap, and the compiler inlines all of each.
    public static void Activate(in ForwardStep<T> step, int unit, int count)
    {
        var record = step.Record + ((nint)unit * 4 * S.Lanes);
        ActivateGates(step, record, count);
        ActivateHidden(step, record, (nint)unit * S.Lanes, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Differentiate(in BackwardStep<T> step)
    {
        nint lanes = S.Lanes;
        var one = S.Constant(1);
        var column = step.DRowsColumnStride;
        for (var row = 0; row < step.Rows; row++)
        {
            var record = step.Record + (row * step.RecordStride);
            var h = step.H + (row * step.HStride);
            var dH = step.DH + (row * step.StateStride);
            var dOutput = step.DOutputRow(row);
            var dRow = step.DRows + (row * step.DRowsStride);
            for (var u = 0; u < step.UnitBlocks; u++)
            {
                var z = S.Load(record + (Z * lanes));
                var n = S.Load(record + (N * lanes));
                var dh = BackwardStep<T>.StateGradient<S, V>(dH, dOutput, u * lanes);
                var carried = S.Multiply(dh, z);
                S.Store(dH + (u * lanes), carried); // (7)
                var keep = S.Subtract(one, z);
                var difference = S.Subtract(S.Load(h), n);
                S.Store(dRow + (Z * column), S.Multiply(S.Multiply(carried, difference), keep)); // (4)

                var dN = S.Multiply(S.Subtract(dh, carried), S.Subtract(one, S.Multiply(n, n))); // (5), as autograd has it where ∂h is infinite
                S.Store(dRow + (N * column), dN);
                var r = S.Load(record + (R * lanes));
                var dM = S.Multiply(dN, r);
                S.Store(dRow + (M * column), dM);
                var m = S.Load(record + (M * lanes));
                S.Store(dRow + (R * column), S.Multiply(S.Multiply(dM, m), S.Subtract(one, r))); // (6)

                record += 4 * lanes;
                h += lanes;
                dRow += lanes;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ActivateGates(in ForwardStep<T> step, T* first, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++, first += step.RecordStride)
        {
            var record = first;
            for (var u = 0; u < count; u++, record += 4 * lanes)
            {
                S.Store(record + (R * lanes), VectorMath<S, V, T>.Sigmoid(S.Load(record + (R * lanes)))); // (1)
                S.Store(record + (Z * lanes), VectorMath<S, V, T>.Sigmoid(S.Load(record + (Z * lanes))));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ActivateHidden(in ForwardStep<T> step, T* first, nint firstUnit, int count)
    {
        nint lanes = S.Lanes;
        for (var row = 0; row < step.Rows; row++, first += step.RecordStride)
        {
            var record = first;
            var offset = (row * step.HStride) + firstUnit;
            for (var u = 0; u < count; u++, record += 4 * lanes, offset += lanes)
            {
                var reset = S.Multiply(S.Load(record + (R * lanes)), S.Load(record + (M * lanes)));
                var n = VectorMath<S, V, T>.Tanh(S.Add(reset, S.Load(record + (N * lanes)))); // (2)
                S.Store(record + (N * lanes), n);
                var difference = S.Subtract(S.Load(step.HPrevious + offset), n);
                S.Store(step.H + offset, S.MultiplyAdd(S.Load(record + (Z * lanes)), difference, n)); // (3)
            }
        }
    }
}
