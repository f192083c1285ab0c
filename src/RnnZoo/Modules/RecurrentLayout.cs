using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>The sizes and options that all recurrent modules share, checked once.</summary>
internal sealed record RecurrentLayout(long InputSize, long HiddenSize, long NumLayers, bool BatchFirst, double Dropout, bool Bidirectional)
{
    public int NumDirections => Bidirectional ? 2 : 1;

    public static RecurrentLayout Checked(long inputSize, long hiddenSize, long numLayers, bool batchFirst, double dropout, bool bidirectional) => new(
        Check.Positive(inputSize, nameof(inputSize)),
        Check.Positive(hiddenSize, nameof(hiddenSize)),
        Check.Positive(numLayers, nameof(numLayers)),
        batchFirst,
        Check.Probability(dropout, nameof(dropout)),
        bidirectional);

    /// <summary>What PyTorch appends to a cell's parameter names.</summary>
    public static string KeySuffix(int layer, int direction) => $"_l{layer}{(direction == 1 ? "_reverse" : "")}";

    public long InputSizeOf(int layer) => layer == 0 ? InputSize : NumDirections * HiddenSize;

    public long BatchOf(Tensor input) => input.size(BatchFirst ? 0 : 1);

    /// <summary>Every layer and direction, in PyTorch's order.</summary>
    public IEnumerable<(int Layer, int Direction)> Positions() =>
        from layer in Enumerable.Range(0, (int)NumLayers)
        from direction in Enumerable.Range(0, NumDirections)
        select (layer, direction);
}
