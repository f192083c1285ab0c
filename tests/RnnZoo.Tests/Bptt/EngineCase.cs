using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The arguments of one direction of one layer, and both engines for it. The same values in every run.</summary>
internal sealed record EngineCase
{
    public EngineCase(string cell, ScalarType dtype, long steps, long batch, long input, long hidden, bool bias)
    {
        var model = TestNets.Cell(cell, input, hidden);
        Equations = new LayerBptt(model);
        Kernels = ILayerKernel.Of(Equations);
        using var generator = new Generator(11);
        var (gates, parts) = (model.Gates.Count, model.StateSizes.Count);
        var scale = 1 / Math.Sqrt(hidden);
        Input = Draw(1, steps, batch, input);
        Initial = new RecurrentState([.. model.StateSizes.Select(size => size > hidden ? Draw(1, batch, size).abs().add(1) : Draw(1, batch, size))]); // n of an sLSTM is above 0
        Weights = new LayerWeights(
            Draw(scale, gates * hidden, input),
            model.RecurrentWeight is null ? null : Draw(scale, model.RecurrentBlocks * hidden, hidden),
            bias ? Draw(scale, gates * hidden) : null,
            bias && model.HasHiddenBias ? Draw(scale, model.RecurrentBlocks * hidden) : null)
        {
            HiddenSize = hidden,
            Further = [.. model.FurtherShapes(hidden, bias).Select(further => Draw(0.3, further.Shape))],
        };
        Cotangents = new LayerCotangents(Draw(1, steps, batch, hidden), Draw(1, batch, hidden), parts > 1 ? Draw(1, batch, model.StateSizes[1]) : null);

        Tensor Draw(double factor, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).mul(factor).to(dtype);
    }

    // The orthogonal one has tests of its own, for it has no biases.
    public static string[] Names { get; } = [.. TestNets.Names.Except(["orthogonal"])];

    public LayerBptt Equations { get; }

    public ILayerKernel Kernels { get; init; }

    public Tensor Input { get; init; }

    public RecurrentState Initial { get; init; }

    public LayerWeights Weights { get; init; }

    public LayerCotangents Cotangents { get; init; }

    public LayerArguments Arguments => new(Input, Initial, Weights);

    public (Tensor Output, Tensor Final, LayerGradients Gradients) ByEquations(bool reversed)
    {
        var run = Equations.Forward(Input, Initial, Weights, reversed);
        return (run.Output, cat([.. run.Final.Select(part => part.flatten())], 0), Equations.Backward(run.Tape!, Cotangents, Wanted));
    }

    public (Tensor Output, Tensor Final, LayerGradients Gradients) ByKernels(bool reversed)
    {
        var tape = MakeTape();
        var (output, final) = Kernels.Forward(Arguments, reversed, tape);
        using var kept = output.clone();
        output.fill_(double.NaN); // it is the caller's: the backward pass must not read it
        var gradients = Kernels.Backward(Arguments, reversed, tape, Cotangents, Wanted);
        output.copy_(kept);
        GC.KeepAlive(tape);
        return (output, final.flatten(), gradients);
    }

    public Tensor MakeTape() => empty([Kernels.TapeElements(Arguments)], dtype: Weights.InputWeight.dtype);

    private const WantedGradients Wanted = WantedGradients.Parameters | WantedGradients.Input | WantedGradients.InitialState;
}
