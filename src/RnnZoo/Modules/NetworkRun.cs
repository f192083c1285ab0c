using RnnZoo.Bptt;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>What a forward pass of <see cref="NetworkBptt"/> makes.</summary>
/// <param name="Output">[T, B, D·H], or [B, T, D·H] where batch comes first.</param>
/// <param name="Final">The final state, each part [L·D, B, H].</param>
/// <param name="Layers">Every direction of every layer, in PyTorch's order.</param>
/// <param name="DropoutMasks">What each layer's output was multiplied with on its way up [T, B, D·H]; null without active dropout.</param>
public sealed record NetworkRun(Tensor Output, RecurrentState Final, IReadOnlyList<LayerRun> Layers, IReadOnlyList<Tensor?> DropoutMasks);
