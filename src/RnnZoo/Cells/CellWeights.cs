using TorchSharp.Modules;

namespace RnnZoo.Cells;

/// <summary>The parameters of one <see cref="GatedCell"/>; the biases are null together.</summary>
internal sealed record CellWeights(Parameter InputWeight, Parameter HiddenWeight, Parameter? InputBias, Parameter? HiddenBias);
