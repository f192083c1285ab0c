using RnnZoo.Cells;
using RnnZoo.Modules;

namespace RnnZoo.Verification;

/// <summary>Nets as reports name them.</summary>
internal static class NetName
{
    /// <summary><c>2 layers, bidirectional, no bias</c> and the like; a vanilla net begins with its activation.</summary>
    public static string Of(IRecurrentModule module)
    {
        var cell = module.CellAt(0);
        List<string> parts = [module.NumLayers == 1 ? "1 layer" : $"{module.NumLayers} layers"];
        if (cell is ElmanCell elman)
        {
            parts.Insert(0, elman.Activation.ToString().ToLowerInvariant());
        }

        Add(module.NumDirections == 2, "bidirectional");
        Add(cell is EquationCell { bias_ih: null }, "no bias");
        Add(module.BatchFirst, "batch first");
        return string.Join(", ", parts);

        void Add(bool applies, string part)
        {
            if (applies)
            {
                parts.Add(part);
            }
        }
    }
}
