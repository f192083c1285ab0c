using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>Some steps of all streams.</summary>
/// <param name="Input">[k, B, …]: what the model reads; token ids are int64 [k, B].</param>
/// <param name="Target">[k, B, …]: what it should give at each step.</param>
public readonly record struct StreamSlice(Tensor Input, Tensor Target);
