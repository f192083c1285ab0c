using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>What a safetensors file says of one of its tensors.</summary>
/// <param name="Name">Its name; PyTorch's key, as in <c>recurrent.weight_ih_l0</c>.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where they end, exclusive.</param>
public sealed record SafeTensorEntry(string Name, ScalarType Type, IReadOnlyList<long> Shape, long Begin, long End);
