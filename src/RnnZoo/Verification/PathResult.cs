using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>What one path makes of a sample.</summary>
/// <param name="Outputs">By name: <c>output</c>, <c>hn</c>, <c>cn</c>.</param>
/// <param name="Gradients">Of the sample's loss, by name: <c>input</c>, <c>h0</c>, <c>c0</c> and the keys of the parameters that are not frozen.</param>
internal sealed record PathResult(IReadOnlyDictionary<string, Tensor> Outputs, IReadOnlyDictionary<string, Tensor> Gradients)
{
    /// <summary>Runs a path forwards and backwards; the parameters' own gradients are left alone.</summary>
    public static PathResult Of(IRecurrentModule module, BackwardPath path, CheckedSequence sample)
    {
        using var tape = enable_grad();
        module.Backward = path;
        var input = sample.Input.detach().clone().requires_grad_();
        var initial = sample.Initial.Map(part => part.detach().clone().requires_grad_());
        var (output, final) = module.Run(input, initial);
        Tensor[] outputs = [output, .. final];
        (string Name, Tensor Value)[] leaves = [("input", input), .. sample.StateNames().Zip(initial), .. Trainable(module)];
        var gradients = Differentiate(outputs, [.. leaves.Select(leaf => leaf.Value)], sample.Cotangents);
        module.ThrowIfFailed();
        return new PathResult(
            sample.OutputNames().Zip(outputs).ToDictionary(pair => pair.First, pair => pair.Second.detach()),
            leaves.Zip(gradients).ToDictionary(pair => pair.First.Name, pair => pair.Second));
    }

    /// <summary>The hand-written path by its equations, on which the kernels rest; null where the kernels do not run anyway.</summary>
    public static PathResult? OfEquations(IRecurrentModule module, CheckedSequence sample)
    {
        if (module is not { HandWritten: { RunsKernels: true } handWritten })
        {
            return null;
        }

        handWritten.EquationsOnly = true;
        try
        {
            return Of(module, BackwardPath.HandWritten, sample);
        }
        finally
        {
            handWritten.EquationsOnly = false;
        }
    }

    /// <summary>The sample's loss along the path that the module is set to; no tape.</summary>
    public static double Loss(IRecurrentModule module, CheckedSequence sample, Tensor input, RecurrentState initial)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var (output, final) = module.Run(input, initial);
        Tensor[] outputs = [output, .. final];
        return outputs.Zip(sample.Cotangents, (value, cotangent) => value.mul(cotangent).sum().to(ScalarType.Float64).item<double>()).Sum();
    }

    public static IEnumerable<(string Name, Tensor Value)> Trainable(IRecurrentModule module) =>
        ((nn.Module)module).named_parameters().Where(item => item.Item2.requires_grad).Select(item => (item.Item1, (Tensor)item.Item2));

    // An input that no output depends on has a gradient of zero. What no output depends on at all is not differentiated.
    private static Tensor[] Differentiate(Tensor[] outputs, Tensor[] leaves, IReadOnlyList<Tensor> cotangents)
    {
        (Tensor Output, Tensor Cotangent)[] pairs = [.. outputs.Zip(cotangents).Where(pair => pair.First.requires_grad)];
        if (pairs.Length == 0)
        {
            return Array.ConvertAll(leaves, leaf => zeros_like(leaf));
        }

        var gradients = autograd.grad([.. pairs.Select(pair => pair.Output)], leaves, [.. pairs.Select(pair => pair.Cotangent)], allow_unused: true);
        return [.. gradients.Zip(leaves, (gradient, leaf) => gradient.IsInvalid ? zeros_like(leaf) : gradient)];
    }
}

/// <summary>
/// What a net is verified on: an input, an initial state, and a cotangent for each output. The loss is
/// Σ output · cotangent over all outputs.
/// </summary>
internal sealed record CheckedSequence(Tensor Input, RecurrentState Initial, IReadOnlyList<Tensor> Cotangents)
{
    /// <summary>
    /// Normal random numbers, drawn in float64 on the CPU, so that they do not depend on type and device; and a state that the net
    /// comes to by such an input, for not every number is one: a sum of weights is not below 0.
    /// </summary>
    public static CheckedSequence Draw(IRecurrentModule module, GradientCheckOptions options, ScalarType dtype, Device device)
    {
        using var generator = new Generator(options.Seed);
        var (steps, batch, rows) = (options.Steps, options.Batch, module.NumLayers * module.NumDirections);
        long[] leading = module.BatchFirst ? [batch, steps] : [steps, batch];
        var input = Normal([.. leading, module.InputSize]); // [T, B, I]
        using var noTape = no_grad();
        var initial = module.Run(Normal([.. leading, module.InputSize])).State; // [L·D, B, S]
        Tensor[] cotangents =
        [
            Normal([.. leading, module.NumDirections * module.HiddenSize]), // [T, B, D·H]
            .. module.StateSizes.Select(size => Normal([rows, batch, size])), // [L·D, B, S]
        ];
        return new CheckedSequence(input, initial, cotangents);

        Tensor Normal(long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).to(dtype, device);
    }

    /// <summary><c>output</c>, <c>hn</c>, <c>cn</c>; further parts of a user's state by number.</summary>
    public IEnumerable<string> OutputNames() => ["output", .. Enumerable.Range(0, Initial.Count).Select(part => PartName(part, "n"))];

    /// <summary><c>h0</c>, <c>c0</c>; further parts of a user's state by number.</summary>
    public IEnumerable<string> StateNames() => Enumerable.Range(0, Initial.Count).Select(part => PartName(part, "0"));

    private static string PartName(int part, string suffix) => part switch { 0 => "h" + suffix, 1 => "c" + suffix, _ => $"state{part}_{suffix}" };
}
