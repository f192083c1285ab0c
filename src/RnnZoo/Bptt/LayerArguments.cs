using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The tensors that a layer reads, in the order in which its autograd function takes them.</summary>
internal sealed record LayerArguments(Tensor Input, RecurrentState Initial, LayerWeights Weights)
{
    private static readonly WantedGradients[] Gradients =
    [
        WantedGradients.Input, WantedGradients.InitialState, WantedGradients.InitialState,
        WantedGradients.InputWeight, WantedGradients.HiddenWeight, WantedGradients.InputBias, WantedGradients.HiddenBias,
    ];

    // Further parameters stand in the slots beyond.
    public static WantedGradients GradientOf(int slot) => slot < Gradients.Length ? Gradients[slot] : WantedGradients.Further;

    /// <summary>One slot per possible argument; null for one that this layer does not have.</summary>
    public Tensor?[] Slots() =>
        [Input, Initial.Hidden, Initial.Count > 1 ? Initial.Cell : null, Weights.InputWeight, Weights.HiddenWeight, Weights.InputBias, Weights.HiddenBias, .. Weights.Further];

    public static LayerArguments FromSlots(Tensor?[] slots) => new(
        slots[0]!,
        slots[2] is { } cell ? new RecurrentState(slots[1]!, cell) : new RecurrentState(slots[1]!),
        new LayerWeights(slots[3]!, slots[4], slots[5], slots[6])
        {
            HiddenSize = slots[1]!.size(-1),
            Further = [.. slots.Skip(Gradients.Length).Select(tensor => tensor!)],
        });

    public static Tensor?[] SlotsOf(LayerGradients gradients) =>
    [
        gradients.Input, gradients.InitialHidden, gradients.InitialCell,
        gradients.InputWeight, gradients.HiddenWeight, gradients.InputBias, gradients.HiddenBias, .. gradients.Further ?? [],
    ];
}
