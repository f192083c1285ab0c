using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What a backward pass over one direction of one layer makes; null where a gradient was not wanted.</summary>
/// <param name="Input">∂L/∂x [T, B, I].</param>
/// <param name="InputWeight">∂L/∂W_ih [G·H, I].</param>
/// <param name="HiddenWeight">∂L/∂W_hh [G·H, H].</param>
/// <param name="InputBias">∂L/∂b_ih [G·H].</param>
/// <param name="HiddenBias">∂L/∂b_hh [G·H].</param>
/// <param name="InitialHidden">∂L/∂h_0 [B, H].</param>
/// <param name="InitialCell">∂L/∂c_0 [B, H].</param>
/// <param name="Steps">∂L/∂h_t and ∂L/∂c_t at every step.</param>
/// <param name="Further">The gradients of <see cref="LayerWeights.Further"/>, in its order.</param>
public sealed record LayerGradients(
    Tensor? Input = null,
    Tensor? InputWeight = null,
    Tensor? HiddenWeight = null,
    Tensor? InputBias = null,
    Tensor? HiddenBias = null,
    Tensor? InitialHidden = null,
    Tensor? InitialCell = null,
    StepGradients? Steps = null,
    IReadOnlyList<Tensor>? Further = null)
{
    internal LayerGradients MoveToOuterDisposeScope()
    {
        Tensor?[] all = [Input, InputWeight, HiddenWeight, InputBias, HiddenBias, InitialHidden, InitialCell, .. Steps?.Tensors() ?? [], .. Further ?? []];
        foreach (var tensor in all)
        {
            tensor?.MoveToOuterDisposeScope();
        }

        return this;
    }
}
