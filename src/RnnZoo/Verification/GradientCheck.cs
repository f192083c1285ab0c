using RnnZoo.Bptt;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// Verifies a recurrent net: every output and every gradient of one path against the other paths and against central
/// finite differences, on random cotangents.
/// <code>
/// using var net = new Recurrent(5, (layer, direction, size) =&gt; new MyCell(size, 11)).to(torch.float64);
/// var report = GradientCheck.Run(net);
/// if (!report.Passed) Console.WriteLine(report.ToJson());
/// </code>
/// </summary>
public static class GradientCheck
{
    /// <summary>
    /// Verifies a module. One of this library's cells: hand-written (on the CPU its kernels, and the equations they
    /// rest on) against autograd, against native where libtorch has the module, and against finite differences in float64. A user's own cell: autograd against finite differences.
    /// </summary>
    /// <param name="module">The module, at the type and place of its parameters. Its parameters, their gradients and its path are left as they were.</param>
    /// <param name="options">Sizes, seed and tolerances; the defaults if null.</param>
    /// <returns>One comparison for each tensor of each pair.</returns>
    /// <exception cref="ArgumentException">There is nothing to compare with (a user's cell in float32), the module's dropout is active, or an option is out of range.</exception>
    /// <exception cref="BackwardFailedException">A backward pass failed.</exception>
    public static GradientReport Run(IRecurrentModule module, GradientCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Run(module, RecurrentNets.NameOf(module), options);
    }

    /// <summary>The same under a given name.</summary>
    internal static GradientReport Run(IRecurrentModule module, string cell, GradientCheckOptions? options)
    {
        options = (options ?? new GradientCheckOptions()).Checked();
        var (dtype, device) = PlaceOf(module);
        var differences = options.FiniteDifferences && dtype == ScalarType.Float64;
        using var scope = NewDisposeScope();
        var sample = CheckedSequence.Draw(module, options, dtype, device);
        var before = module.Backward;
        try
        {
            BackwardPath[] paths = [.. Supported(module)];
            var path = paths[0];
            if (paths.Length == 1 && !differences)
            {
                throw new ArgumentException($"module: expected one that can be compared with something; a user's own cell needs finite differences, in float64, got {NameOf(dtype)} with FiniteDifferences = {options.FiniteDifferences}; convert it with .to(ScalarType.Float64).");
            }

            var result = PathResult.Of(module, path, sample);
            var equations = PathResult.OfEquations(module, sample);
            var others = paths[1..].Select(other => (PathNames.Of(other), PathResult.Of(module, other, sample))).ToArray();
            module.Backward = path;
            var quotients = differences ? FiniteDifferences.Of(module, sample, options.Epsilon) : null;
            return GradientReport.Join([Compare(PathNames.Of(path), result), .. equations is null ? [] : new[] { Compare(PathNames.Equations, equations) }]);

            GradientReport Compare(string name, PathResult actual)
            {
                var builder = new ReportBuilder(cell, NetName.Of(module), name, NameOf(dtype));
                foreach (var (other, expected) in others)
                {
                    builder.Compare(other, actual, expected, options.Relative(dtype));
                }

                if (quotients is not null)
                {
                    builder.CompareDifferences(actual, quotients, options);
                }

                return builder.Report();
            }
        }
        finally
        {
            module.Backward = before;
        }
    }

    internal static string NameOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float64 => "float64",
        ScalarType.Float32 => "float32",
        _ => throw new ArgumentException($"module: expected parameters of Float32 or Float64, got {dtype}."),
    };

    /// <summary>The paths that a module has, the one to be checked first.</summary>
    internal static IEnumerable<BackwardPath> Supported(IRecurrentModule module)
    {
        foreach (var path in new[] { BackwardPath.HandWritten, BackwardPath.Autograd, BackwardPath.Native })
        {
            if (module.Supports(path))
            {
                yield return path;
            }
        }
    }

    private static (ScalarType DType, Device Device) PlaceOf(IRecurrentModule module)
    {
        if (module is not nn.Module net)
        {
            throw new ArgumentException($"module: expected a torch.nn module, got {module.GetType().Name}.");
        }

        if (module.Dropout > 0 && module.NumLayers > 1 && net.training)
        {
            throw new ArgumentException("module: expected one without active dropout, which draws other numbers each time; call eval() first.");
        }

        return net.parameters().FirstOrDefault() is { } parameter ? (parameter.dtype, parameter.device) : (get_default_dtype(), CPU);
    }
}

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
        Array.ForEach(tolerances, tolerance => Check.AboveZero(tolerance, "tolerances and Epsilon"));
        return this;
    }
}

/// <summary>
/// Central finite differences of a sample's loss: ∂L/∂a ≈ (L(a + ε) - L(a - ε)) / 2ε, one number of one tensor at a time.
/// </summary>
internal static class FiniteDifferences
{
    /// <summary>The gradients by name, of the path that the module is set to.</summary>
    public static Dictionary<string, Tensor> Of(IRecurrentModule module, CheckedSequence sample, double epsilon)
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
            moved.narrow(0, index, 1).add_(Scalars.Of(step), Scalars.One);
            value.copy_(moved.reshape(value.shape));
            return loss();
        }
    }
}
