using RnnZoo.Cells;
using RnnZoo.Kernels;

namespace RnnZoo.Modules;

/// <summary>How much recurrent dropout and zoneout a module has, each checked against what its cells can have.</summary>
internal sealed class NoiseOptions(string name, IReadOnlyList<RecurrentCell> cells)
{
    private readonly double[] _zoneout = new double[cells[0].StateSizes.Count]; // of each part of the state
    private double _recurrentDropout;

    public bool Any => _recurrentDropout > 0 || Array.Exists(_zoneout, rate => rate > 0);

    public double RecurrentDropout
    {
        get => _recurrentDropout;
        set
        {
            Check.Probability(value, nameof(RecurrentDropout));
            if (value > 0 && !cells.All(cell => cell is EquationCell { HasHiddenWeight: true }))
            {
                throw new NotSupportedException(FormattableString.Invariant($"RecurrentDropout: expected 0, got {value}, for {name} has no product of this library with h_(t-1); use Zoneout, or dropout between layers."));
            }

            _recurrentDropout = value;
        }
    }

    public double Zoneout
    {
        get => _zoneout[0];
        set => _zoneout[0] = Check.Probability(value, nameof(Zoneout));
    }

    public double CellZoneout
    {
        get => _zoneout.ElementAtOrDefault(1);
        set
        {
            Check.Probability(value, nameof(CellZoneout));
            if (_zoneout.Length > 1 && cells[0].StateSizes[1] == cells[0].HiddenSize)
            {
                _zoneout[1] = value;
            }
            else if (value > 0)
            {
                throw new NotSupportedException(FormattableString.Invariant($"CellZoneout: expected 0, got {value}, for no part of the state of {name} is c alone; use Zoneout."));
            }
        }
    }

    /// <summary>Zoneout of each part of the state.</summary>
    public IReadOnlyList<double> Rates => _zoneout;

    /// <summary>Takes over the options of another module of the kind.</summary>
    public void Take(NoiseOptions other)
    {
        _recurrentDropout = other._recurrentDropout;
        other._zoneout.CopyTo(_zoneout, 0);
    }

    /// <summary>Draws the noise of one direction of one layer, whose state has parts [B, S] or [1, B, S].</summary>
    public StateNoise Draw(bool training, BatchSizes sizes, RecurrentState state) =>
        StateNoise.Draw(_recurrentDropout, _zoneout, training, sizes, state.Hidden.Dimensions == 3 ? state.Map(part => part.squeeze(0)) : state);
}
