using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of any cell, a user's own too: one backward pass of autograd for each of the S rows. It checks the
/// equations of the others, and is slower by a factor of about S.
/// </summary>
public sealed class AutogradJacobian : StepJacobian
{
    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public AutogradJacobian(RecurrentCell cell) : base(cell ?? throw new ArgumentNullException(nameof(cell)))
    {
    }

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        using var tape = enable_grad();
        var leaves = before.Map(part => part.detach().requires_grad_());
        var after = cat([.. Cell.Step(x.detach(), leaves)], 1); // [B, S]
        var rows = new Tensor[StateSize]; // S × [B, S]
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = after.requires_grad ? Row(after, leaves, row) : zeros_like(after); // [B, S]
        }

        return stack(rows, 1).detach(); // [B, S, S]
    }

    // Steps of one batch do not depend on each other, so the gradient of the sum over the batch holds each one's own row.
    private static Tensor Row(Tensor after, RecurrentState leaves, int row)
    {
        var gradients = autograd.grad([after.select(1, row).sum()], [.. leaves], retain_graph: true, allow_unused: true);
        return cat([.. gradients.Zip(leaves, (gradient, leaf) => gradient.IsInvalid ? zeros_like(leaf) : gradient)], 1); // [B, S]
    }
}
