using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>An initialiser made of a name and a function.</summary>
internal sealed class FillingInitialiser(string name, Action<EquationCell, Generator?> fill) : Initialiser
{
    public override string Name => name;

    internal override void Fill(EquationCell cell, Generator? generator) => fill(cell, generator);
}
