using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>What a recurrence makes of a sequence.</summary>
/// <param name="Output">[T, B, D·H], or [B, T, D·H] where batch comes first: h of the last layer at every step (D directions joined).</param>
/// <param name="State">The final state; each part is [L·D, B, S].</param>
public readonly record struct RecurrentResult(Tensor Output, RecurrentState State);
