using RnnZoo.Bptt;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>What a backward pass of <see cref="NetworkBptt"/> makes.</summary>
/// <param name="Input">∂L/∂input, of the input's shape.</param>
/// <param name="Initial">∂L/∂h_0, and ∂L/∂c_0 of an LSTM, each [L·D, B, H].</param>
/// <param name="Parameters">∂L/∂parameter under the module's keys (<c>weight_ih_l0</c> …).</param>
/// <param name="Steps">∂L/∂h_t and ∂L/∂c_t of every direction of every layer.</param>
public sealed record NetworkGradients(Tensor Input, RecurrentState Initial, IReadOnlyDictionary<string, Tensor> Parameters, IReadOnlyList<LayerStepGradients> Steps);
