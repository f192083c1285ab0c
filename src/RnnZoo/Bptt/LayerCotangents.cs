using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The gradients that enter a backward pass from outside; null stands for zero.</summary>
/// <param name="Output">∂L/∂output [T, B, H], the direct part alone: what the loss or the layer above sends to each h_t.</param>
/// <param name="FinalHidden">∂L/∂h_n [B, H], on top of what comes through the output.</param>
/// <param name="FinalCell">∂L/∂c_n [B, H] of an LSTM.</param>
public sealed record LayerCotangents(Tensor? Output = null, Tensor? FinalHidden = null, Tensor? FinalCell = null);
