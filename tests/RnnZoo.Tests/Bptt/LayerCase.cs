using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>One direction of one layer, unrolled on autograd with a zero added to each h_t and c_t, whose gradients are ∂L/∂h_t and ∂L/∂c_t.</summary>
internal sealed class LayerCase
{
    public const long I = 5;
    public const long H = 11;

    private LayerCase(EquationCell cell, long steps, long batch)
    {
        Cell = cell;
        Parts = cell.StateSizes.Count;
        Input = Random(steps, batch, I).requires_grad_();
        Initial = new RecurrentState([.. cell.StateSizes.Select(size => Random(batch, size).requires_grad_())]);
        DOutput = Random(steps, batch, H);
        DFinal = [.. cell.StateSizes.Select(size => Random(batch, size))];
    }

    public EquationCell Cell { get; }

    public int Parts { get; }

    public Tensor Input { get; }

    public RecurrentState Initial { get; }

    public Tensor DOutput { get; }

    public Tensor[] DFinal { get; }

    public LayerCotangents Cotangents => new(DOutput, DFinal[0], Parts > 1 ? DFinal[1] : null);

    // The nets that are not made of weight_hh alone have tests of their own.
    public static string[] Names { get; } = [.. TestNets.Names.Except(["orthogonal", "indrnn"])];

    public static LayerCase Make(string cell, long steps = 7, long batch = 3, bool bias = true)
    {
        var made = TestNets.Cell(cell, I, H, bias);

        // Gains of one, and weights and biases of zero, would hide what belongs to them.
        using var noTape = no_grad();
        var empty = made.named_parameters().Select(item => item.Item2).Where(parameter => parameter.count_nonzero().item<long>() == 0);
        foreach (var parameter in made.Further.Append(made.bias_ih).Append(made.RecurrentBias).Concat(empty).OfType<Tensor>())
        {
            using var drawn = rand_like(parameter);
            parameter.copy_(drawn);
        }

        return new LayerCase(made, steps, batch);
    }

    public static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    /// <summary>Output, final state and gradients by autograd; null gradients are left out.</summary>
    public (Tensor Output, RecurrentState Final, Dictionary<string, Tensor> Gradients) ByAutograd(bool reversed)
    {
        var (steps, batch) = (Input.shape[0], Input.shape[1]);
        Tensor[][] zeroes = [.. Cell.StateSizes.Select(size => Enumerable.Range(0, (int)steps).Select(_ => zeros(batch, size, dtype: ScalarType.Float64).requires_grad_()).ToArray())];
        var outputs = new Tensor[steps];
        var state = Initial;
        for (var step = 0; step < steps; step++)
        {
            var t = reversed ? steps - 1 - step : step;
            var next = Cell.ForwardStep(Cell.ProjectInput(Input[t]), state, Cell.Weights(), c => c.add(zeroes[1][t])).After;
            state = new RecurrentState([next.Hidden.add(zeroes[0][t]), .. next.Skip(1)]);
            outputs[t] = state.Hidden;
        }

        var output = stack(outputs, 0);
        var loss = output.mul(DOutput).sum();
        foreach (var (part, cotangent) in state.Zip(DFinal))
        {
            loss = loss.add(part.mul(cotangent).sum());
        }

        loss.backward();
        var gradients = Cell.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!);
        gradients["input"] = Input.grad!;
        gradients["h0"] = Initial.Hidden.grad!;
        gradients["h"] = stack(zeroes[0].Select(zero => zero.grad!), 0);
        if (Parts > 1)
        {
            gradients["c0"] = Initial.Cell.grad!;
            gradients["c"] = stack(zeroes[1].Select(zero => zero.grad!), 0);
        }

        return (output, state, gradients);
    }

    /// <summary>Gradients by the names of the parameters, those of <see cref="EquationCell.Further"/> too where the cell is given.</summary>
    public static Dictionary<string, Tensor> ByName(LayerGradients gradients, EquationCell? cell = null)
    {
        (string, Tensor?)[] all =
        [
            ("input", gradients.Input), ("weight_ih", gradients.InputWeight), ("weight_hh", gradients.HiddenWeight),
            ("bias_ih", gradients.InputBias), ("bias_hh", gradients.HiddenBias), ("h0", gradients.InitialHidden), ("c0", gradients.InitialCell),
            .. (gradients.Further ?? []).Zip(cell?.FurtherNames ?? [], (gradient, name) => (name, (Tensor?)gradient)),
            ("h", gradients.Steps?.H()), ("c", gradients.Steps?.CFromFuture is null ? null : gradients.Steps.C()),
        ];
        return all.Where(item => item.Item2 is not null).ToDictionary(item => item.Item1, item => item.Item2!);
    }
}
