namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Cross entropy, in nats, of logits [N, C, …] or [C].</summary>
            /// <remarks>
            /// The target holds class indices [N, …], those of ignore_index counting for nothing, or probabilities of the logits' shape;
            /// the weight is [C].
            /// </remarks>
            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0)
            {
                if (!(label_smoothing >= 0 && label_smoothing <= 1))
                {
                    throw new ArgumentOutOfRangeException(
                        nameof(label_smoothing), label_smoothing, $"label_smoothing: expected a share from 0 to 1, got {label_smoothing}.");
                }

                if (!target.shape.AsSpan().SequenceEqual(input.shape))
                {
                    CheckClassTarget(input, target, weight);
                }

                return NN.NativeFunctions.CrossEntropy(input, target, weight, reduction, ignore_index, label_smoothing);
            }

            /// <summary>The negative of the target class's log-probability: input [N, C, …] or [C], target [N, …], weight [C].</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
            {
                CheckClassTarget(input, target, weight);
                return NN.NativeFunctions.NllLoss(input, target, weight, reduction);
            }

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean)
                => NN.NativeFunctions.PairLoss("mse_loss", input, target, reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean)
                => NN.NativeFunctions.PairLoss("l1_loss", input, target, reduction);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1)
                => NN.NativeFunctions.SmoothL1Loss(input, target, reduction, beta);

            public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
            {
                CheckSameShape(input, target);
                return NN.NativeFunctions.BinaryCrossEntropy(input, target, weight, reduction);
            }

            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null)
            {
                CheckSameShape(input, target);
                return NN.NativeFunctions.BinaryCrossEntropyWithLogits(input, target, weight, pos_weights, reduction);
            }

            private static void CheckClassTarget(Tensor input, Tensor target, Tensor? weight)
            {
                long[] shape = input.shape;
                long[] expected = shape.Length <= 1 ? [] : [shape[0], .. shape.AsSpan(2)];
                if (shape.Length == 0 || !target.shape.AsSpan().SequenceEqual(expected))
                {
                    throw new ArgumentException(
                        $"target: expected class indices [{string.Join(", ", expected)}] for input [{string.Join(", ", shape)}], "
                        + $"got [{string.Join(", ", target.shape)}].",
                        nameof(target));
                }

                long classes = shape.Length == 1 ? shape[0] : shape[1];
                if (weight is not null && !weight.shape.AsSpan().SequenceEqual([classes]))
                {
                    throw new ArgumentException(
                        $"weight: expected [{classes}], one per class, got [{string.Join(", ", weight.shape)}].", nameof(weight));
                }
            }

            private static void CheckSameShape(Tensor input, Tensor target)
            {
                if (!input.shape.AsSpan().SequenceEqual(target.shape))
                {
                    throw new ArgumentException(
                        $"target: expected the input's shape [{string.Join(", ", input.shape)}], got [{string.Join(", ", target.shape)}].",
                        nameof(target));
                }
            }
        }
    }
}
