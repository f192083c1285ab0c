namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>x Wᵀ + b.</summary>
            /// <param name="input">[*, in].</param>
            /// <param name="weights">[out, in], or [in].</param>
            /// <param name="bias">[out], or null.</param>
            /// <returns>[*, out].</returns>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null)
            {
                long[] shape = input.shape;
                long[] weightShape = weights.shape;
                if (shape.Length == 0 || weightShape.Length is not (1 or 2) || shape[^1] != weightShape[^1])
                {
                    throw new ArgumentException(
                        $"input: expected [*, {(weightShape.Length > 0 ? weightShape[^1] : "in")}] for weights [{string.Join(", ", weightShape)}], "
                        + $"got [{string.Join(", ", shape)}].",
                        nameof(input));
                }

                return NN.NativeFunctions.Linear(input, weights, bias);
            }

            /// <summary>In training, zeroes each element with probability p and scales the others by 1 / (1 - p).</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
                => NN.NativeFunctions.Dropout(input, p, training, inplace);

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05)
            {
                long[] shape = input.shape;
                if (shape.Length < normalized_shape.Length || !shape.AsSpan()[^normalized_shape.Length..].SequenceEqual(normalized_shape))
                {
                    throw new ArgumentException(
                        $"input: expected [*, {string.Join(", ", normalized_shape)}], got [{string.Join(", ", shape)}].", nameof(input));
                }

                return NN.NativeFunctions.LayerNorm(input, normalized_shape, weight, bias, eps);
            }

            /// <summary>Indices [*] as rows of zeros with a single one, [*, num_classes]; -1 counts the classes from the data.</summary>
            public static Tensor one_hot(Tensor x, long num_classes = -1)
            {
                if (x.dtype != ScalarType.Int64)
                {
                    throw new ArgumentException($"x: expected indices of type Int64, got {x.dtype}.", nameof(x));
                }

                return NN.NativeFunctions.OneHot(x, num_classes);
            }

            /// <summary>x over the larger of its p-norm along dim and eps.</summary>
            public static Tensor normalize(Tensor input, double p = 2, long dim = 1, double eps = 1e-12)
            {
                using Tensor norms = NN.NativeFunctions.Norm(input, p, dim);
                using Tensor floored = norms.clamp_min(eps);
                return input / floored;
            }
        }
    }
}
