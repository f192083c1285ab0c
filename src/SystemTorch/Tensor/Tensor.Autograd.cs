using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        /// <summary>Whether gradients are tracked; only a leaf can be told to stop.</summary>
        public bool requires_grad
        {
            get => Flags.HasFlag(TensorFlags.RequiresGrad);
            set
            {
                Status.Check(NativeMethods.st_tensor_set_requires_grad(Handle, value ? 1 : 0));
                GC.KeepAlive(this);
            }
        }

        /// <summary>
        /// The gradient that backward left, null where there is none. Each read is a new handle and belongs to the
        /// innermost scope.
        /// </summary>
        public Tensor? grad
        {
            get
            {
                Status.Check(NativeMethods.st_tensor_grad(Handle, out var gradient));
                GC.KeepAlive(this);
                return gradient == 0 ? null : new Tensor(gradient);
            }

            set
            {
                Status.Check(NativeMethods.st_tensor_set_grad(Handle, value?.Handle ?? 0));
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>Keeps the gradient of a tensor that is no leaf in <see cref="grad"/>.</summary>
        public void retain_grad()
        {
            Status.Check(NativeMethods.st_tensor_retain_grad(Handle));
            GC.KeepAlive(this);
        }

        public void backward() => autograd.Backward([this], null, false, false, null);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.Backward([this], grad_tensors, retain_graph, create_graph, inputs);

        public Tensor detach() => Op.Unary("detach", this);

        public Tensor detach_() => Op.InPlace("detach_", this);
    }
}
