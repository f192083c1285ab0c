namespace RnnZoo.Kernels;

/// <summary>Moves one row of cell state [H] into and out of a row's records.</summary>
internal static unsafe class CellState<C, S, V, T>
    where C : struct, ICell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Stores <paramref name="source"/> (null for zeros) into the records; units beyond H become zero.</summary>
    public static void Write(T* record, T* source, int hidden)
    {
        for (var unit = 0; unit < hidden; unit += S.Lanes)
        {
            var slot = Slot(record, unit);
            S.Store(slot, S.Zero);
            for (var lane = 0; source != null && lane < Math.Min(S.Lanes, hidden - unit); lane++)
            {
                slot[lane] = source[unit + lane];
            }
        }
    }

    /// <summary>Copies the cell state out of the records.</summary>
    public static void Read(T* target, T* record, int hidden)
    {
        for (var unit = 0; unit < hidden; unit++)
        {
            target[unit] = Slot(record, unit / S.Lanes * S.Lanes)[unit % S.Lanes];
        }
    }

    private static T* Slot(T* record, int unit) =>
        record + ((nint)unit * C.Slots) + (C.CellStateSlot * S.Lanes);
}
