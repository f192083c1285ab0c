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
        var sample = Sample.Draw(module, options, dtype, device);
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
