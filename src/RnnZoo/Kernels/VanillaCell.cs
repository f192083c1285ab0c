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
internal readonly unsafe struct VanillaCell<S, V, T, TNonlinearity> : ICell<S, V, T>
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
