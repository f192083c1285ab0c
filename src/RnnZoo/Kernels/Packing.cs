using System.Numerics;

namespace RnnZoo.Kernels;

/// <summary>Puts weights into panels, and weight gradients back. A panel holds one vector of columns: [depth, lanes].</summary>
internal static unsafe class Packing<C, S, V, T>
    where C : struct, IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    /// <summary>
    /// Forward panels and biases of unit blocks [first, last): [unit block, column][I + H, lanes]. Units beyond H
    /// are zero; the part of a panel that its column does not read is left as it is.
    /// </summary>
    public static void Forward(in ForwardArguments<T> a, int inputs, int hidden, T* panels, T* bias, int first, int last)
    {
        var depth = inputs + hidden;
        for (var u = first; u < last; u++)
        {
            var units = Math.Min(S.Lanes, hidden - (u * S.Lanes));
            for (var column = 0; column < C.Columns; column++)
            {
                var panel = panels + ((nint)((u * C.Columns) + column) * depth * S.Lanes);
                var biasVector = bias + (nint)(((u * C.Columns) + column) * S.Lanes);
                RowBlock<S, V, T>.Clear(biasVector, S.Lanes);
                if (IsInput(column))
                {
                    var row = (C.InputGate(column) * hidden) + (u * S.Lanes);
                    Transpose(panel, a.WeightIh + ((nint)row * inputs), inputs, units);
                    AddBias(biasVector, a.BiasIh, row, units);
                }

                if (IsHidden(column))
                {
                    var row = (C.HiddenGate(column) * hidden) + (u * S.Lanes);
                    Transpose(panel + ((nint)inputs * S.Lanes), a.WeightHh + ((nint)row * hidden), hidden, units);
                    AddBias(biasVector, a.BiasHh, row, units);
                }
            }
        }
    }

    /// <summary>
    /// Backward panels [first, last) of one weight matrix [G·H, width]: [block of width][column, H padded, lanes], for
    /// products of column gradients with the matrix itself.
    /// </summary>
    public static void Backward(T* weight, int width, int hidden, bool ofInput, T* panels, int first, int last)
    {
        nint padded = (hidden + S.Lanes - 1) / S.Lanes * S.Lanes;
        for (var block = first; block < last; block++)
        {
            var lanes = Math.Min(S.Lanes, width - (block * S.Lanes));
            for (var g = 0; g < C.Gates; g++)
            {
                var gate = ofInput ? C.InputGate(C.FirstInputColumn + g) : C.HiddenGate(C.FirstHiddenColumn + g);
                var target = panels + (((((nint)block * C.Gates) + g) * padded) * S.Lanes);
                var source = weight + ((nint)gate * hidden * width) + (block * S.Lanes);
                if (lanes < S.Lanes)
                {
                    RowBlock<S, V, T>.Clear(target, padded * S.Lanes);
                }

                RowBlock<S, V, T>.Copy(target, S.Lanes, source, width, hidden, lanes);
                RowBlock<S, V, T>.Clear(target + ((nint)hidden * S.Lanes), (padded - hidden) * S.Lanes);
            }
        }
    }

    /// <summary>
    /// Sums the accumulators of all parts, [part][gate, unit block][features, lanes], in the order of the parts, and
    /// writes features [0, width) to <paramref name="weight"/> [G·H, width] and feature <paramref name="biasFeature"/> to
    /// <paramref name="bias"/> [G·H]; each may be null. Unit blocks [first, last).
    /// </summary>
    public static void Gradient(
        in Accumulators<T> sums, int hidden, bool ofInput, T* weight, int width, T* bias, int biasFeature, int first, int last)
    {
        nint panelSize = (nint)sums.Features * S.Lanes;
        nint unitBlocks = (hidden + S.Lanes - 1) / S.Lanes;
        for (var u = first; u < last; u++)
        {
            var units = Math.Min(S.Lanes, hidden - (u * S.Lanes));
            for (var g = 0; g < C.Gates; g++)
            {
                var gate = ofInput ? C.InputGate(C.FirstInputColumn + g) : C.HiddenGate(C.FirstHiddenColumn + g);
                var panel = sums.Start + (((g * unitBlocks) + u) * panelSize);
                for (var part = 1; part < sums.Parts; part++)
                {
                    RowBlock<S, V, T>.Add(panel, 0, panel + (part * sums.PartStride), 0, 1, (int)panelSize);
                }

                nint row = (gate * hidden) + (u * S.Lanes);
                if (weight != null)
                {
                    Transposition<T>.Run(weight + (row * width), width, panel, S.Lanes, width, units);
                }

                if (bias != null)
                {
                    RowBlock<S, V, T>.Copy(bias + row, 0, panel + ((nint)biasFeature * S.Lanes), 0, 1, units);
                }
            }
        }
    }

    private static bool IsInput(int column) => column >= C.FirstInputColumn && column < C.FirstInputColumn + C.Gates;

    private static bool IsHidden(int column) => column >= C.FirstHiddenColumn && column < C.FirstHiddenColumn + C.Gates;

    private static void AddBias(T* target, T* source, int row, int units)
    {
        if (source != null)
        {
            RowBlock<S, V, T>.Add(target, 0, source + row, 0, 1, units);
        }
    }

    // panel[k, lane] = matrix[lane, k]
    private static void Transpose(T* panel, T* matrix, int width, int units)
    {
        if (units < S.Lanes)
        {
            RowBlock<S, V, T>.Clear(panel, (nint)width * S.Lanes);
        }

        Transposition<T>.Run(panel, S.Lanes, matrix, width, units, width);
    }
}

/// <summary>
/// The running sums of one weight matrix' gradient, one set per part of the work, so that parts never meet:
/// [part][gate, unit block][features, lanes]. A feature is an element of x_t or h_{t-1}, or the constant 1 (for the bias).
/// </summary>
internal unsafe struct Accumulators<T>
    where T : unmanaged
{
    public T* Start;
    public nint PartStride;
    public int Parts;
    public int Features;
}
