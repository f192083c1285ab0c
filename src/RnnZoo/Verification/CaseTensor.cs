using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>A tensor of a case file.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Data">Its numbers, row by row.</param>
public sealed record CaseTensor(IReadOnlyList<long> Shape, IReadOnlyList<double> Data)
{
    /// <summary>The same as a new float64 tensor on the CPU.</summary>
    public Tensor ToTensor() => tensor([.. Data], dtype: ScalarType.Float64).reshape([.. Shape]);
}
