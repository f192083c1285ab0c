using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>Adds the gradients of the tensors to <c>grad</c> of the leaves (or of the inputs alone).</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            Backward(tensors, grad_tensors, retain_graph ?? create_graph, create_graph, inputs);

        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            Backward([tensor], grad_tensors, retain_graph ?? create_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            Backward([tensor], [grad_tensor], retain_graph ?? create_graph, create_graph, inputs);

        /// <summary>
        /// The gradients of the outputs with respect to the inputs. With <paramref name="allow_unused"/>, the entry
        /// of an input that the outputs do not depend on is an invalid tensor.
        /// </summary>
        public static unsafe IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var outputHandles = Handles.Of(outputs);
            var inputHandles = Handles.Of(inputs);
            var gradientHandles = Handles.Of(grad_outputs);
            Status.Forget();
            fixed (nint* output = outputHandles, input = inputHandles, gradient = gradientHandles)
            {
                Status.Check(NativeMethods.st_grad(
                    output, outputHandles.Length, input, inputHandles.Length, gradient, gradientHandles.Length,
                    retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, out var results));
                GC.KeepAlive(outputs);
                GC.KeepAlive(inputs);
                GC.KeepAlive(grad_outputs);
                return Handles.Take(results, inputHandles.Length);
            }
        }
    }
}
