using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

internal sealed class ChainedInitialiser(Initialiser first, Initialiser next) : Initialiser
{
    public override string Name => $"{first.Name}+{next.Name}";

    internal override void Fill(EquationCell cell, Generator? generator)
    {
        first.Fill(cell, generator);
        next.Fill(cell, generator);
    }
}
