namespace RnnZoo.Kernels;

/// <summary>What one direction of one recurrent layer computes.</summary>
/// <param name="Cell">The recurrence.</param>
/// <param name="Steps">T, at least 1.</param>
/// <param name="Batch">B, at least 1.</param>
/// <param name="Input">I, at least 1.</param>
/// <param name="Hidden">H, at least 1.</param>
/// <param name="Reverse">Whether time is walked from T − 1 to 0.</param>
internal readonly record struct LayerShape(CellKind Cell, int Steps, int Batch, int Input, int Hidden, bool Reverse = false)
{
    /// <summary>Row blocks of the weight matrices: 1, 4 (LSTM: i, f, g, o) or 3 (GRU: r, z, n).</summary>
    public int Gates => Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 };

    /// <summary>The time index at position <paramref name="step"/> of the walk.</summary>
    public int Time(int step) => Reverse ? Steps - 1 - step : step;

    public void Check()
    {
        if (Steps < 1 || Batch < 1 || Input < 1 || Hidden < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Steps), $"shape: expected T, B, I, H of at least 1, got T = {Steps}, B = {Batch}, I = {Input}, H = {Hidden}");
        }
    }
}
