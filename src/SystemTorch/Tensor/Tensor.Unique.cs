using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The distinct values, with the place of each input among them and how often each came where asked for.</summary>
        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null) =>
            Chosen(
                dim is { } one
                    ? Op.Triple("unique_dim", this, (long)one, sorted, return_inverse, return_counts)
                    : Op.Triple("_unique2", this, sorted, return_inverse, return_counts),
                return_inverse,
                return_counts);

        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique_consecutive(bool return_inverse = false, bool return_counts = false, int? dim = null) =>
            Chosen(Op.Triple("unique_consecutive", this, return_inverse, return_counts, dim), return_inverse, return_counts);

        private static (Tensor Output, Tensor? Inverse, Tensor? Counts) Chosen((Tensor, Tensor, Tensor) found, bool inverse, bool counts)
        {
            if (!inverse)
            {
                found.Item2.Dispose();
            }
            if (!counts)
            {
                found.Item3.Dispose();
            }
            return (found.Item1, inverse ? found.Item2 : null, counts ? found.Item3 : null);
        }
    }
}
