namespace RnnZoo.Plots;

/// <summary>A grid of dots, 2 wide and 4 high in each character (Unicode's braille patterns).</summary>
internal sealed class BrailleCanvas(int columns, int rows)
{
    private const int Blank = 0x2800;

    // The bit of the dot at [row, column] in a cell.
    private static readonly int[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    private readonly int[,] _cells = new int[rows, columns];

    public int Width => columns * 2;

    public int Height => rows * 4;

    /// <summary>Sets a dot; dots outside are left out.</summary>
    public void Set(int x, int y)
    {
        if (x >= 0 && x < Width && y >= 0 && y < Height)
        {
            _cells[y / 4, x / 2] |= Bits[y % 4, x % 2];
        }
    }

    /// <summary>Joins two dots by a straight line.</summary>
    public void Line(int x0, int y0, int x1, int y1)
    {
        var steps = Math.Max(1, Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0)));
        for (var step = 0; step <= steps; step++)
        {
            var share = (double)step / steps;
            Set((int)Math.Round(x0 + ((x1 - x0) * share)), (int)Math.Round(y0 + ((y1 - y0) * share)));
        }
    }

    public string Row(int row)
        => string.Create(columns, (cells: _cells, row), static (text, state) =>
        {
            for (var column = 0; column < text.Length; column++)
            {
                var dots = state.cells[state.row, column];
                text[column] = dots == 0 ? ' ' : (char)(Blank + dots);
            }
        });
}
