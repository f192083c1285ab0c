using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The weights of one direction of one layer, G gates stacked in PyTorch's order.</summary>
/// <param name="InputWeight">W_ih [G·H, I].</param>
/// <param name="HiddenWeight">W_hh [G·H, H]; null for a cell whose gates do not see the state.</param>
/// <param name="InputBias">b_ih [G·H], or null.</param>
/// <param name="HiddenBias">b_hh [G·H], or null; where there is a W_hh, the biases are null together.</param>
public sealed record LayerWeights(Tensor InputWeight, Tensor? HiddenWeight, Tensor? InputBias = null, Tensor? HiddenBias = null)
{
    /// <summary>H; to be set where there is no W_hh to read it from.</summary>
    public long HiddenSize { get; init; } = HiddenWeight?.size(-1) ?? InputWeight.size(0);

    /// <summary>I.</summary>
    public long InputSize => InputWeight.size(1);

    /// <summary>What else the cell has, in the order that its equations give.</summary>
    public IReadOnlyList<Tensor> Further { get; init; } = [];

    /// <summary>The parameters of a cell; nothing is copied.</summary>
    /// <param name="cell">A cell of this library.</param>
    public static LayerWeights Of(EquationCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return new LayerWeights(cell.weight_ih, cell.RecurrentWeight, cell.bias_ih, cell.RecurrentBias) { HiddenSize = cell.HiddenSize, Further = cell.Further };
    }
}
