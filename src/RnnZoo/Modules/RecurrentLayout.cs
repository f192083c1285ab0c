using RnnZoo.Bptt;
using RnnZoo.Cells;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>The sizes and options that all recurrent modules share, checked once.</summary>
internal sealed record RecurrentLayout(long InputSize, long HiddenSize, long NumLayers, bool BatchFirst, double Dropout, bool Bidirectional)
{
    private static int hasWarned;

    public int NumDirections => Bidirectional ? 2 : 1;

    /// <summary>The dropout for libtorch's module, which warns in words of its own of one that has no layers to stand between.</summary>
    public double NativeDropout => NumLayers > 1 ? Dropout : 0;

    public static RecurrentLayout Checked(long inputSize, long hiddenSize, long numLayers, bool batchFirst, double dropout, bool bidirectional)
    {
        var layout = new RecurrentLayout(
            Check.Positive(inputSize, nameof(inputSize)),
            Check.Positive(hiddenSize, nameof(hiddenSize)),
            Check.Positive(numLayers, nameof(numLayers)),
            batchFirst,
            Check.Probability(dropout, nameof(dropout)),
            bidirectional);
        if (dropout > 0 && numLayers == 1 && Interlocked.Exchange(ref hasWarned, 1) == 0)
        {
            Console.Error.WriteLine("RnnZoo: dropout: stands between layers, so with numLayers = 1 it does nothing; RecurrentDropout and Zoneout are noise within a layer.");
        }

        return layout;
    }

    /// <summary>What PyTorch appends to a cell's parameter names.</summary>
    public static string KeySuffix(int layer, int direction) => $"_l{layer}{(direction == 1 ? "_reverse" : "")}";

    public long InputSizeOf(int layer) => layer == 0 ? InputSize : NumDirections * HiddenSize;

    public long BatchOf(Tensor input) => input.size(BatchFirst ? 0 : 1);

    /// <summary>Every layer and direction, in PyTorch's order.</summary>
    public IEnumerable<(int Layer, int Direction)> Positions() =>
        from layer in Enumerable.Range(0, (int)NumLayers)
        from direction in Enumerable.Range(0, NumDirections)
        select (layer, direction);

    /// <summary>A whole sequence: three dimensions, the last of size I, at least one step.</summary>
    public void CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Dimensions == 3 && input.size(2) == InputSize && input.size(BatchFirst ? 1 : 0) > 0)
        {
            return;
        }

        var shape = input.shape;
        var axes = BatchFirst ? "[B, T, I]" : "[T, B, I]";
        if (shape.Length != 3 || shape[2] != InputSize)
        {
            throw new ArgumentException($"input: expected {axes} with I = {InputSize}, got {Check.Show(shape)}.");
        }

        throw new ArgumentException($"input: expected {axes} with T above 0, got {Check.Show(shape)}.");
    }

    /// <summary>Token ids in place of a sequence of vectors: [T, B], at least one step, each below I.</summary>
    public void CheckTokens(Tensor tokens, Tensor parameter)
    {
        if (tokens.Dimensions != 2 || tokens.size(BatchFirst ? 1 : 0) == 0)
        {
            throw new ArgumentException($"input: expected token ids {(BatchFirst ? "[B, T]" : "[T, B]")} with T above 0, got {Check.Show(tokens.shape)}.");
        }

        if (!Check.SameDevice(tokens, parameter))
        {
            throw new ArgumentException($"input: expected device {Check.Device(parameter)} as the module's parameters, got {Check.Device(tokens)}; move either with .to(device).");
        }

        TokenInput.CheckRange(tokens, InputSize);
    }

    /// <summary>A state: parts [L·D, B, S], of the element type and device of <paramref name="like"/>.</summary>
    public void CheckState(RecurrentState state, IReadOnlyList<long> sizes, long batch, Tensor like) =>
        state.CheckParts([.. sizes.Select(size => new[] { NumLayers * NumDirections, batch, size })], "[L·D, B, H]", "0", like);

    /// <summary>A single sequence [T, I], or token ids [T], without a batch, and its state.</summary>
    public void CheckUnbatched(Tensor input, RecurrentState? state, IReadOnlyList<long> sizes, Tensor? lengths)
    {
        if (input.size(0) == 0 || (input.Dimensions == 2 && input.size(1) != InputSize))
        {
            throw new ArgumentException($"input: expected {(BatchFirst ? "[B, T, I]" : "[T, B, I]")}, or [T, I] for a single sequence, with I = {InputSize} and T above 0, got {Check.Show(input.shape)}.");
        }

        if (lengths is not null)
        {
            throw new ArgumentException("lengths: expected none for a single sequence [T, I]; narrow the input to its length.");
        }

        state?.CheckParts([.. sizes.Select(size => new[] { NumLayers * NumDirections, size })], "[L·D, H]", "0", state.Hidden);
    }

    /// <summary>Packed rows [N, I].</summary>
    public void CheckPacked(Tensor rows)
    {
        if (rows.Dimensions != 2 || rows.size(1) != InputSize)
        {
            throw new ArgumentException($"input: expected packed rows [N, I] with I = {InputSize}, got {Check.Show(rows.shape)}; pack a batch {(BatchFirst ? "[B, T, I]" : "[T, B, I]")}.");
        }
    }
}

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

    /// <summary>Each cell is converted for itself: a parameter of several would come apart.</summary>
    /// <exception cref="InvalidOperationException">One that would is shared.</exception>
    public void CheckUnshared(Func<Parameter, bool> isChanged)
    {
        var shared = Parameters().GroupBy(item => item.Parameter, ReferenceEqualityComparer.Instance).FirstOrDefault(group => group.Count() > 1 && isChanged((Parameter)group.Key!));
        if (shared is not null)
        {
            throw new InvalidOperationException($"to: expected cells with parameters of their own, got one for {string.Join(" and ", shared.Select(item => item.Key))}, of which a conversion would make several; convert the cells first, and share then.");
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
