using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A tensor that is trained. It takes the native handle of the tensor it is made from, which is unusable afterwards.</summary>
    public class Parameter : Tensor
    {
        public Parameter(Tensor data, bool requires_grad = true)
            : base(data.DecoupleFromNativeHandle())
            => this.requires_grad = requires_grad;
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
