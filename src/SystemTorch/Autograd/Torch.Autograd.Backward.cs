using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        internal static unsafe void Backward(IList<Tensor> tensors, IList<Tensor>? gradients, bool retainGraph, bool createGraph, IList<Tensor>? inputs)
        {
            var tensorHandles = Handles.Of(tensors);
            var gradientHandles = Handles.Of(gradients);
            var inputHandles = Handles.Of(inputs);
            Status.Forget();
            fixed (nint* tensor = tensorHandles, gradient = gradientHandles, input = inputHandles)
            {
                Status.Check(NativeMethods.st_backward(
                    tensor, tensorHandles.Length, gradient, gradientHandles.Length,
                    retainGraph ? 1 : 0, createGraph ? 1 : 0, input, inputHandles.Length));
            }
            GC.KeepAlive(tensors);
            GC.KeepAlive(gradients);
            GC.KeepAlive(inputs);
        }
    }
}
