using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>An initialiser made of a name and a function.</summary>
internal sealed class FillingInitialiser(string name, Action<GatedCell, Generator?> fill) : Initialiser
{
    public override string Name => name;

    internal override void Fill(GatedCell cell, Generator? generator) => fill(cell, generator);
}
