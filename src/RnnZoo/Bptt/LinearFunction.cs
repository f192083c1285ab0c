using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>y = x W' + b as one node on the tape, for many rows: a readout of what a layer gave.</summary>
internal static class LinearFunction
{
    /// <summary>Finds y; by libtorch where no gradient of x is asked for, or the kernels cannot or need not run.</summary>
    /// <param name="x">[.., I].</param>
    /// <param name="weight">W [O, I].</param>
    /// <param name="bias">b [O].</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>[.., O].</returns>
    public static Tensor Run(Tensor x, Tensor weight, Tensor bias, BackwardFailures failures)
    {
        if (!is_grad_enabled() || !x.requires_grad || !RowProducts.CanRun(x, weight, isTransposed: true, bias))
        {
            return x.Linear(weight, bias);
        }

        Tensor output; // [.., O]
        using (no_grad())
        {
            output = x.Linear(weight, bias);
        }

        return NodeFunction.Run(output, Gradients, failures, [x, weight, bias], saves: 2);
    }

    // A gradient that is itself to be differentiated is found by tensor operations.
    private static Tensor?[] Gradients(List<Tensor> saved, Tensor dOutput, NodeArguments arguments)
    {
        var rows = dOutput.flatten(0, -2); // [N, O]
        return
        [
            rows.Times(saved[1]).view(arguments.ShapeOf(0)), // [.., I]
            arguments.Wants(1) ? rows.TransposedTimes(saved[0].flatten(0, -2)) : null, // [O, I]
            arguments.Wants(2) ? rows.sum([0]) : null, // [O]
        ];
    }
}
