using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The weights of one direction of one layer, G gates stacked in PyTorch's order.</summary>
/// <param name="InputWeight">W_ih [G·H, I].</param>
/// <param name="HiddenWeight">W_hh [G·H, H].</param>
/// <param name="InputBias">b_ih [G·H], or null.</param>
/// <param name="HiddenBias">b_hh [G·H], or null; the biases are null together.</param>
public sealed record LayerWeights(Tensor InputWeight, Tensor HiddenWeight, Tensor? InputBias = null, Tensor? HiddenBias = null)
{
    /// <summary>H.</summary>
    public long HiddenSize => HiddenWeight.shape[1];

    /// <summary>I.</summary>
    public long InputSize => InputWeight.shape[1];

    /// <summary>The parameters of a cell; nothing is copied.</summary>
    /// <param name="cell">An Elman, LSTM or GRU cell.</param>
    public static LayerWeights Of(GatedCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return new LayerWeights(cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh);
    }
}
