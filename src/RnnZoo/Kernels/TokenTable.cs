using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// Token ids as input. A token stands for a one-hot vector, so its product with W_ih is a column of W_ih, and the gradient of
/// that column is the sum of the column gradients at the token's places: a table of V rows is read and added to, and nothing
/// is multiplied.
/// </summary>
internal static unsafe class TokenTable<C, S, V, T>
    where C : struct, IVectorCell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    /// <summary>Fills unit blocks [first, last) of the table of a forward pass, [V][unit block, gate][lanes]: W_ih' and the biases.</summary>
    /// <param name="weight">[G·H, V] W_ih.</param>
    /// <param name="tokens">V.</param>
    /// <param name="hidden">H.</param>
    /// <param name="bias">[unit block, column, lanes] the biases, as the columns add them.</param>
    /// <param name="table">Written.</param>
    /// <param name="stride">From one token's row to the next one's.</param>
    /// <param name="first">The first unit block.</param>
    /// <param name="last">One past the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(T* weight, int tokens, int hidden, T* bias, T* table, nint stride, int first, int last)
    {
        nint lanes = S.Lanes;
        for (var u = first; u < last; u++)
        {
            var units = Math.Min(S.Lanes, hidden - (u * S.Lanes));
            for (var g = 0; g < C.Gates; g++)
            {
                var column = C.FirstInputColumn + g;
                var source = weight + (((nint)C.InputGate(column) * hidden) + (u * lanes)) * tokens;
                var biases = bias + (((nint)u * C.Columns) + column) * lanes;
                var target = table + (((nint)u * C.Gates) + g) * lanes;
                if (units < S.Lanes)
                {
                    for (var token = 0; token < tokens; token++)
                    {
                        S.Store(target + (token * stride), S.Zero);
                    }
                }

                Transposition<T>.Run(target, stride, source, tokens, units, tokens);
                for (var token = 0; token < tokens; token++, target += stride)
                {
                    S.Store(target, S.Add(S.Load(target), S.Load(biases)));
                }
            }
        }
    }

    /// <summary>Writes the tokens' rows of the table to the input columns of units [unit, unit + count) of a step's records.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(T* table, nint stride, long* tokens, nint tokenStride, int rows, T* record, nint recordStride, int unit, int count)
    {
        for (var row = 0; row < rows; row++, tokens += tokenStride, record += recordStride)
        {
            ReadRow(table + ((nint)(*tokens) * stride), record, unit, count);
        }
    }

    /// <summary>Writes one row of a table to the input columns of units [unit, unit + count) of a record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadRow(T* row, T* record, int unit, int count)
    {
        nint lanes = S.Lanes;
        var source = row + ((nint)unit * C.Gates * lanes);
        var target = record + (((nint)unit * C.Slots) + C.FirstInputColumn) * lanes;
        for (var u = 0; u < count; u++, source += C.Gates * lanes, target += C.Slots * lanes)
        {
            for (var g = 0; g < C.Gates; g++)
            {
                S.Store(target + (g * lanes), S.Load(source + (g * lanes)));
            }
        }
    }

    /// <summary>Adds the input columns' gradients of some rows to the sums of the rows' tokens: [V][gate, H padded].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(T* sums, nint stride, long* tokens, nint tokenStride, int rows, T* dRows, nint dRowsStride)
    {
        for (var row = 0; row < rows; row++, tokens += tokenStride, dRows += dRowsStride)
        {
            var target = sums + ((nint)(*tokens) * stride);
            for (nint i = 0; i < stride; i += S.Lanes)
            {
                S.Store(target + i, S.Add(S.Load(target + i), S.Load(dRows + i)));
            }
        }
    }

    /// <summary>
    /// Sums the parts' sums in the order of the parts and writes unit blocks [first, last) of the gradients: of W_ih [G·H, V]
    /// and, as the sum over all tokens, of the biases [G·H]. Each target may be null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(T* sums, nint stride, nint partStride, int parts, int tokens, int hidden, T* weight, T* bias, T* otherBias, int first, int last)
    {
        var memory = stackalloc byte[128];
        var sum = (T*)memory;
        var padded = stride / C.Gates;
        for (var u = first; u < last; u++)
        {
            var units = Math.Min(S.Lanes, hidden - (u * S.Lanes));
            for (var g = 0; g < C.Gates; g++)
            {
                var row = ((nint)C.InputGate(C.FirstInputColumn + g) * hidden) + (u * S.Lanes);
                var source = sums + (g * padded) + (u * S.Lanes);
                var ofBias = S.Zero;
                for (var token = 0; token < tokens; token++, source += stride)
                {
                    var value = S.Load(source);
                    for (var part = 1; part < parts; part++)
                    {
                        value = S.Add(value, S.Load(source + (part * partStride)));
                    }

                    ofBias = S.Add(ofBias, value);
                    if (weight != null)
                    {
                        S.Store(sum, value);
                        for (var lane = 0; lane < units; lane++)
                        {
                            weight[((row + lane) * tokens) + token] = sum[lane];
                        }
                    }
                }

                S.Store(sum, ofBias);
                Put(bias, row, sum, units);
                Put(otherBias, row, sum, units);
            }
        }
    }

    private static void Put(T* bias, nint row, T* sum, int units)
    {
        for (var lane = 0; bias != null && lane < units; lane++)
        {
            bias[row + lane] = sum[lane];
        }
    }
}
