using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What one step of the backward pass sends on.</summary>
/// <param name="DProjected">dp_t [B, G·H].</param>
/// <param name="DRecurrent">dq_t [B, G·H]; the same object as dp_t where the two are equal.</param>
/// <param name="DHDirect">What reaches h_{t-1} past the weights [B, H], if anything.</param>
/// <param name="DCBefore">dc_{t-1}(future) [B, H]; null without a c.</param>
/// <param name="DCFromHidden">What reached c_t through h_t [B, H]; null without a c.</param>
/// <param name="DFurther">What the gradients of the cell's further parameters are made of [B, ·]; null if it has none.</param>
internal sealed record StepFlow(Tensor DProjected, Tensor DRecurrent, Tensor? DHDirect = null, Tensor? DCBefore = null, Tensor? DCFromHidden = null, Tensor? DFurther = null)
{
    /// <summary>Whether dp_t and dq_t are one tensor.</summary>
    public bool IsShared => ReferenceEquals(DProjected, DRecurrent);
}
