using RnnZoo.Cells;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>The cells of a recurrent module, and under which of its keys their parameters stand.</summary>
internal sealed class CellBindings : IDisposable
{
    private readonly (RecurrentCell Cell, string Suffix, int Layer, int Direction)[] _places;

    public CellBindings(RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells)
    {
        Cells = cells;
        _places = [.. layout.Positions().Select((at, index) => (cells[index], RecurrentLayout.KeySuffix(at.Layer, at.Direction), at.Layer, at.Direction))];
    }

    /// <summary>Layer by layer and, in a layer, forwards before backwards.</summary>
    public IReadOnlyList<RecurrentCell> Cells { get; }

    public IEnumerable<(string Key, Parameter Parameter)> Parameters() =>
        from place in _places
        from item in place.Cell.named_parameters()
        select (item.Item1 + place.Suffix, item.Item2);

    public IEnumerable<(string Key, Tensor Buffer, bool IsPersistent)> Buffers() =>
        from place in _places
        let persistent = place.Cell.named_buffers(include_nonpersistent: false).Select(item => item.Item1).ToHashSet()
        from item in place.Cell.named_buffers()
        select (item.Item1 + place.Suffix, item.Item2, persistent.Contains(item.Item1));

    /// <summary>Gives the cells what the native module holds now.</summary>
    public void Bind(NativeRecurrence native)
    {
        foreach (var (cell, _, layer, direction) in _places)
        {
            ((GatedCell)cell).Bind(native.WeightsOf(layer, direction));
        }
    }

    public void Convert(Action<nn.Module> conversion)
    {
        foreach (var cell in Cells)
        {
            conversion(cell);
        }
    }

    public void SetTraining(bool training)
    {
        foreach (var cell in Cells)
        {
            if (cell.training != training)
            {
                cell.train(training);
            }
        }
    }

    /// <summary>A sequence in training begins.</summary>
    public void BeginTraining()
    {
        foreach (var cell in Cells.OfType<EquationCell>())
        {
            cell.BeginTraining();
        }
    }

    /// <summary>That cells, native module and registry hold the same objects: nothing may be computed with stale weights.</summary>
    public void Verify(nn.Module owner, NativeRecurrence? native)
    {
        foreach (var (key, parameter) in Parameters())
        {
            if (!ReferenceEquals(owner.get_parameter(key), parameter) || native?.Holds(key, parameter) == false)
            {
                throw new InvalidOperationException($"{key}: the cell holds another parameter than the module; convert the module as a whole, and change a parameter's values in place under no_grad.");
            }
        }
    }

    public void Dispose()
    {
        foreach (var cell in Cells)
        {
            cell.Dispose();
        }
    }
}
