namespace TorchSharp;

/// <summary>The backward of a function: one gradient for each output in, one entry for each argument of apply out.</summary>
internal delegate List<torch.Tensor?> FunctionBackward(torch.autograd.AutogradContext context, List<torch.Tensor> gradients);
