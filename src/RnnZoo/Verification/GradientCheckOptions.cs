namespace RnnZoo.Verification;

/// <summary>How a verification draws its sequence and what it asks for. The defaults are those of the command line.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>T.</summary>
    public long Steps { get; init; } = 7;

    /// <summary>B.</summary>
    public long Batch { get; init; } = 3;

    /// <summary>The seed of input, initial state and cotangents.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Whether to compare with central finite differences: two forward passes for each number that is differentiated. Float64 only.</summary>
    public bool FiniteDifferences { get; init; } = true;

    /// <summary>The largest relative error against autograd and native in float64.</summary>
    public double RelativeFloat64 { get; init; } = 1e-10;

    /// <summary>The same in float32.</summary>
    public double RelativeFloat32 { get; init; } = 1e-4;

    /// <summary>The step of the finite differences; 1e-6, as gradcheck's.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>|a - b| may be this and <see cref="RelativeDifference"/> · |b|, for each number, against finite differences; 1e-5, as gradcheck's.</summary>
    public double AbsoluteDifference { get; init; } = 1e-5;

    /// <summary>See <see cref="AbsoluteDifference"/>; 1e-3, as gradcheck's.</summary>
    public double RelativeDifference { get; init; } = 1e-3;

    internal double Relative(TorchSharp.torch.ScalarType dtype) => dtype == TorchSharp.torch.ScalarType.Float64 ? RelativeFloat64 : RelativeFloat32;

    internal GradientCheckOptions Checked()
    {
        if (Steps < 1 || Batch < 1)
        {
            throw new ArgumentException($"Steps, Batch: expected at least 1 of each, got {Steps} and {Batch}.");
        }

        double[] tolerances = [RelativeFloat64, RelativeFloat32, Epsilon, AbsoluteDifference, RelativeDifference];
        return Array.TrueForAll(tolerances, tolerance => tolerance > 0 && double.IsFinite(tolerance))
            ? this
            : throw new ArgumentException($"tolerances and Epsilon: expected finite numbers above 0, got {string.Join(", ", tolerances)}.");
    }
}
