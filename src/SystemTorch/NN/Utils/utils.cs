using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Helpers over lists of parameters.</summary>
        public static partial class utils
        {
            /// <summary>Scales all gradients so that their joint norm is at most max_norm.</summary>
            /// <returns>The norm before; 0 without gradients.</returns>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using IDisposable grad = no_grad();
                using DisposeScope scope = NewDisposeScope();
                Tensor[] gradients = Gradients(tensors);
                if (gradients.Length == 0)
                {
                    return 0;
                }

                Tensor[] norms = [.. gradients.Select(gradient => NN.NativeFunctions.VectorNorm(gradient, norm_type))];
                Tensor joined = stack(norms); // [parameters]
                double total = NN.NativeFunctions.VectorNorm(joined, norm_type).ToDouble();
                double factor = max_norm / (total + 1e-6);
                // Not a comparison with total: as in PyTorch, gradients that are not finite spread to all, to be seen.
                if (!(factor >= 1))
                {
                    foreach (Tensor gradient in gradients)
                    {
                        gradient.mul_(factor);
                    }
                }

                return total;
            }

            /// <summary>Cuts every element of every gradient to [-clip_value, clip_value].</summary>
            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using IDisposable grad = no_grad();
                using DisposeScope scope = NewDisposeScope();
                foreach (Tensor gradient in Gradients(tensors))
                {
                    gradient.clamp_(-clip_value, clip_value);
                }
            }

            /// <summary>All parameters end to end in one vector, on the tape.</summary>
            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using DisposeScope scope = NewDisposeScope();
                return cat(tensors.Select(tensor => tensor.reshape(-1)).ToArray()).MoveToOuterDisposeScope();
            }

            /// <summary>The reverse: copies the slices of a vector into the parameters.</summary>
            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                Parameter[] all = [.. tensors];
                long count = all.Sum(parameter => parameter.numel());
                if (vec.dim() != 1 || vec.shape[0] != count)
                {
                    throw new ArgumentException($"vec: expected [{count}], got [{string.Join(", ", vec.shape)}].", nameof(vec));
                }

                using IDisposable grad = no_grad();
                using DisposeScope scope = NewDisposeScope();
                long start = 0;
                foreach (Parameter parameter in all)
                {
                    parameter.copy_(vec.narrow(0, start, parameter.numel()).reshape(parameter.shape));
                    start += parameter.numel();
                }
            }

            private static Tensor[] Gradients(IEnumerable<Parameter> tensors)
                => [.. tensors.Select(parameter => parameter.grad).OfType<Tensor>()];
        }
    }
}
