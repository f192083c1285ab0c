using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One step of a tape: the states around it and what the cell kept, all [B, ·], and the weights.</summary>
internal sealed record TapeFrame(RecurrentState Before, RecurrentState After, Tensor[] Kept, LayerWeights Weights);
