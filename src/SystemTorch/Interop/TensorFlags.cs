namespace TorchSharp.Interop;

[Flags]
internal enum TensorFlags
{
    Contiguous = 1,
    RequiresGrad = 2,
    Leaf = 4,
    Sparse = 8,
    Conjugate = 16,
    Negative = 32,
}
