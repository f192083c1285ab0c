using TorchSharp.NN;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Fills tensors in place, without a tape, drawing as PyTorch draws. Each returns its argument.</summary>
        public static partial class init
        {
            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null)
                => Fill(tensor, values => values.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null)
                => Fill(tensor, values => values.normal_(mean, std, generator));

            public static Tensor constant_(Tensor tensor, Scalar val) => Fill(tensor, values => values.fill_(val));

            public static Tensor ones_(Tensor tensor) => Fill(tensor, values => values.fill_(1));

            public static Tensor zeros_(Tensor tensor) => Fill(tensor, values => values.zero_());

            /// <summary>Ones on the diagonal of a matrix, zeros elsewhere.</summary>
            public static Tensor eye_(Tensor tensor)
            {
                RequireMatrix(tensor);
                return Fill(tensor, values =>
                {
                    values.zero_();
                    values.diagonal().fill_(1);
                });
            }

            /// <summary>For a convolution's weight [out, in, …]: channels pass through unchanged.</summary>
            public static Tensor dirac_(Tensor tensor)
            {
                long[] shape = tensor.shape;
                if (shape.Length is < 3 or > 5)
                {
                    throw new ArgumentException($"tensor: expected 3, 4 or 5 dimensions, got [{string.Join(", ", shape)}].", nameof(tensor));
                }

                return Fill(tensor, values =>
                {
                    values.zero_();
                    for (long channel = 0; channel < Math.Min(shape[0], shape[1]); channel++)
                    {
                        Tensor kernel = values.select(0, channel).select(0, channel);
                        for (int dimension = 2; dimension < shape.Length; dimension++)
                        {
                            kernel = kernel.select(0, shape[dimension] / 2);
                        }

                        kernel.fill_(1);
                    }
                });
            }

            /// <summary>N(mean, std²) cut to [a, b], by the inverse of the distribution function.</summary>
            public static Tensor trunc_normal_(Tensor tensor, double mean = 0, double std = 1, double a = -2, double b = 2, Generator? generator = null)
            {
                if (!(std > 0) || !(a < b))
                {
                    throw new ArgumentException($"std, a, b: expected std > 0 and a < b, got std = {std}, a = {a}, b = {b}.");
                }

                double low = NormalCdf.Of((a - mean) / std);
                double high = NormalCdf.Of((b - mean) / std);
                return Fill(tensor, values =>
                {
                    values.uniform_((2 * low) - 1, (2 * high) - 1, generator);
                    values.erfinv_();
                    values.mul_(std * Math.Sqrt(2));
                    values.add_(mean);
                    values.clamp_(a, b);
                });
            }

            /// <summary>N(0, std²), then in each column the given share of rows set to zero.</summary>
            public static Tensor sparse_(Tensor tensor, double sparsity, double std = 0.01)
            {
                RequireMatrix(tensor);
                if (!(sparsity >= 0 && sparsity <= 1))
                {
                    throw new ArgumentOutOfRangeException(nameof(sparsity), sparsity, $"sparsity: expected a share from 0 to 1, got {sparsity}.");
                }

                long rows = tensor.shape[0];
                long zeros = (long)Math.Ceiling(sparsity * rows);
                return Fill(tensor, values =>
                {
                    values.normal_(0, std);
                    for (long column = 0; column < tensor.shape[1]; column++)
                    {
                        Tensor chosen = randperm(rows, ScalarType.Int64).narrow(0, 0, zeros);
                        values.select(1, column).index_fill_(0, chosen, 0);
                    }
                });
            }

            private static Tensor Fill(Tensor tensor, Action<Tensor> fill)
            {
                using IDisposable grad = no_grad();
                using DisposeScope scope = NewDisposeScope();
                fill(tensor);
                return tensor;
            }

            private static void RequireMatrix(Tensor tensor)
            {
                if (tensor.dim() != 2)
                {
                    throw new ArgumentException($"tensor: expected a matrix, got [{string.Join(", ", tensor.shape)}].", nameof(tensor));
                }
            }
        }
    }
}
