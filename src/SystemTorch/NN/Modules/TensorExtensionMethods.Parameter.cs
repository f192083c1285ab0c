using TorchSharp.Modules;

namespace TorchSharp;

public static partial class TensorExtensionMethods
{
    /// <summary>A parameter that takes over the tensor's handle.</summary>
    public static Parameter AsParameter(this torch.Tensor tensor) => new(tensor, requires_grad: true);
}
