using RnnZoo.Cells;

namespace RnnZoo.Modules;

/// <summary>The cells that a factory made for a layout, checked against each other.</summary>
internal sealed record CellStack(RecurrentLayout Layout, IReadOnlyList<RecurrentCell> Cells)
{
    public static CellStack Make(long inputSize, CellFactory factory, long numLayers, bool batchFirst, double dropout, bool bidirectional)
    {
        ArgumentNullException.ThrowIfNull(factory);
        var layout = RecurrentLayout.Checked(inputSize, hiddenSize: 1, numLayers, batchFirst, dropout, bidirectional);
        var cells = new List<RecurrentCell>();
        try
        {
            foreach (var (layer, direction) in layout.Positions())
            {
                var cell = factory(layer, direction, layout.InputSizeOf(layer))
                    ?? throw new ArgumentException($"cell: expected a cell for layer {layer}, direction {direction}, got null.");
                cells.Add(cell);
                if (cells.Count == 1)
                {
                    layout = layout with { HiddenSize = cell.HiddenSize };
                }

                CheckSizes(cells, layer, layout);
            }
        }
        catch
        {
            cells.ForEach(cell => cell.Dispose());
            throw;
        }

        return new CellStack(layout, cells);
    }

    private static void CheckSizes(List<RecurrentCell> cells, int layer, RecurrentLayout layout)
    {
        var cell = cells[^1];
        if (cells.IndexOf(cell) != cells.Count - 1)
        {
            throw new ArgumentException($"cell: expected a new cell for each layer and direction, got the same one twice; make it inside the factory.");
        }

        if (cell.InputSize != layout.InputSizeOf(layer))
        {
            throw new ArgumentException($"cell: expected InputSize = {layout.InputSizeOf(layer)} in layer {layer}, got {cell.InputSize}; use the size that the factory is given.");
        }

        if (cell.StateSizes.Count == 0 || cell.StateSizes[0] != cell.HiddenSize || !cell.StateSizes.SequenceEqual(cells[0].StateSizes))
        {
            throw new ArgumentException($"cell: expected StateSizes = {Check.Show(cells[0].StateSizes)}, h of size {layout.HiddenSize} first, in every layer and direction, got {Check.Show(cell.StateSizes)} with HiddenSize = {cell.HiddenSize}.");
        }
    }
}
