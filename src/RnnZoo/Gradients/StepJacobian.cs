using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The derivative of one step of a recurrence by the state before it, J_t = ∂s_t/∂s_{t-1}, where s joins all parts of the
/// state: h, or [h, c] for an LSTM. Row i, column j is ∂s_t[i]/∂s_{t-1}[j].
/// </summary>
public sealed class StepJacobian
{
    private readonly bool _byAutograd;

    private StepJacobian(RecurrentCell cell, bool byAutograd)
    {
        ArgumentNullException.ThrowIfNull(cell);
        (Cell, StateSize, _byAutograd) = (cell, cell.StateSizes.Sum(), byAutograd);
    }

    /// <summary>S: the sizes of all parts of the state together; H, or 2H for an LSTM.</summary>
    public long StateSize { get; }

    /// <summary>The cell that makes the step.</summary>
    public RecurrentCell Cell { get; }

    /// <summary>The Jacobian of a cell: by its equations for the cells of this library, by autograd for others.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public static StepJacobian For(RecurrentCell cell) => new(cell, byAutograd: cell is not EquationCell);

    /// <summary>The Jacobian of any cell by autograd: one backward pass for each of the S rows, slower by a factor of about S.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public static StepJacobian ByAutograd(RecurrentCell cell) => new(cell, byAutograd: true);

    /// <summary>The Jacobians of a batch of steps that do not depend on each other.</summary>
    /// <param name="x">[B, I]: the input of each step.</param>
    /// <param name="before">The state before each step, parts [B, S_part].</param>
    /// <returns>[B, S, S], off the tape; a new tensor that belongs to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor At(Tensor x, RecurrentState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        Cell.CheckStep(x, before);
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        return (_byAutograd ? Rows(x, before) : ((EquationCell)Cell).Jacobian(x, before)).MoveToOuterDisposeScope();
    }

    private Tensor Rows(Tensor x, RecurrentState before)
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
