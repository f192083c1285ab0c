using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>The loss of tasks that want a class at every step.</summary>
internal static class StepClasses
{
    /// <param name="output">[T, B, C]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    /// <param name="steps">T.</param>
    /// <param name="classes">C.</param>
    /// <returns>[]: the cross-entropy in nats per step, the mean over T and B.</returns>
    public static Tensor Loss(Tensor output, Tensor target, long steps, long classes)
    {
        TaskCheck.EveryStep(output, target, steps, classes);
        using var scope = NewDisposeScope();
        var scores = output.reshape(-1, classes); // [T·B, C]
        return nn.functional.cross_entropy(scores, target.reshape(-1)).MoveToOuterDisposeScope();
    }
}
