using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>A way to fill the parameters of recurrent cells, gate block by gate block. See <see cref="Initialisers"/>.</summary>
/// <remarks>Values are drawn on the CPU in double precision, so a seed gives the same net in every element type, to rounding.</remarks>
public abstract class Initialiser
{
    private protected Initialiser()
    {
    }

    /// <summary>The name that messages, logs and commands use.</summary>
    public abstract string Name { get; }

    /// <summary>Fills one cell.</summary>
    /// <param name="cell">Its parameters are changed in place, off the tape.</param>
    /// <param name="generator">Where random numbers come from; torch's default generator if null.</param>
    /// <exception cref="ArgumentException">The cell lacks a gate or a bias that is asked for.</exception>
    public void Apply(EquationCell cell, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(cell);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Fill(cell, generator);
    }

    /// <summary>Fills every cell of a net, layer by layer.</summary>
    /// <param name="net">A net of cells that have gates.</param>
    /// <param name="generator">Where random numbers come from; torch's default generator if null.</param>
    /// <exception cref="ArgumentException">A cell has no gates, or lacks a gate or a bias that is asked for.</exception>
    public void Apply(IRecurrentModule net, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(net);
        foreach (var layer in Enumerable.Range(0, (int)net.NumLayers))
        {
            foreach (var direction in Enumerable.Range(0, net.NumDirections))
            {
                Apply(CellAt(net, layer, direction), generator);
            }
        }
    }

    /// <summary>Fills the recurrent net of a model, and leaves embedding and readout alone.</summary>
    /// <param name="model">A model of cells that have gates.</param>
    /// <param name="generator">Where random numbers come from; torch's default generator if null.</param>
    public void Apply(SequenceModel model, Generator? generator = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Apply(model.Recurrent, generator);
    }

    /// <summary>This one, then another on top of it: the later one wins where both write.</summary>
    public Initialiser Then(Initialiser next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new ChainedInitialiser(this, next);
    }

    /// <summary>Fills one cell, inside a dispose scope and off the tape.</summary>
    internal abstract void Fill(EquationCell cell, Generator? generator);

    private EquationCell CellAt(IRecurrentModule net, int layer, int direction) =>
        net.CellAt(layer, direction) as EquationCell
        ?? throw new ArgumentException($"{Name}: expected cells with gates (VanillaRnnCell, LstmCell, GruCell), got {net.CellAt(layer, direction).GetType().Name}; fill its parameters yourself.");
}

/// <summary>An initialiser made of a name and a function.</summary>
internal sealed class FillingInitialiser(string name, Action<EquationCell, Generator?> fill) : Initialiser
{
    public override string Name => name;

    internal override void Fill(EquationCell cell, Generator? generator) => fill(cell, generator);
}

internal sealed class ChainedInitialiser(Initialiser first, Initialiser next) : Initialiser
{
    public override string Name => $"{first.Name}+{next.Name}";

    internal override void Fill(EquationCell cell, Generator? generator)
    {
        first.Fill(cell, generator);
        next.Fill(cell, generator);
    }
}
