using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What a forward pass over one direction of one layer makes.</summary>
/// <param name="Output">[T, B, H] h after every step.</param>
/// <param name="Final">The state after the last step of the walk, each part [B, H].</param>
/// <param name="Tape">What the backward pass needs, or null if none was to be kept.</param>
public sealed record LayerRun(Tensor Output, RecurrentState Final, LayerTape? Tape);
