using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// Central finite differences of a sample's loss: ∂L/∂a ≈ (L(a + ε) - L(a - ε)) / 2ε, one number of one tensor at a time.
/// </summary>
internal static class FiniteDifferences
{
    /// <summary>The gradients by name, of the path that the module is set to.</summary>
    public static Dictionary<string, Tensor> Of(IRecurrentModule module, Sample sample, double epsilon)
    {
        using var noTape = no_grad();
        var input = sample.Input.detach().clone();
        var initial = sample.Initial.Map(part => part.detach().clone());
        (string Name, Tensor Value)[] leaves = [("input", input), .. sample.StateNames().Zip(initial), .. PathResult.Trainable(module)];
        return leaves.ToDictionary(leaf => leaf.Name, leaf => Differentiate(leaf.Value, epsilon, () => PathResult.Loss(module, sample, input, initial)));
    }

    private static Tensor Differentiate(Tensor value, double epsilon, Func<double> loss)
    {
        using var scope = NewDisposeScope();
        var original = value.detach().clone();
        var gradient = new double[value.NumberOfElements];
        try
        {
            for (var index = 0; index < gradient.Length; index++)
            {
                gradient[index] = (LossAt(index, epsilon) - LossAt(index, -epsilon)) / (2 * epsilon);
            }
        }
        finally
        {
            value.copy_(original);
        }

        return tensor(gradient, dtype: ScalarType.Float64).reshape(value.shape).to(value.device).MoveToOuterDisposeScope();

        double LossAt(long index, double step)
        {
            using var inner = NewDisposeScope();
            var moved = original.clone().reshape(-1);
            moved.narrow(0, index, 1).add_(step);
            value.copy_(moved.reshape(value.shape));
            return loss();
        }
    }
}
