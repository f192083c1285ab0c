using RnnZoo.Bptt.Kernels;

namespace RnnZoo.Bptt;

/// <summary>How the records of a <see cref="KernelEngine"/> lie in their tensor.</summary>
internal sealed record KernelTape(LayerShape Shape, VectorWidth Width);
