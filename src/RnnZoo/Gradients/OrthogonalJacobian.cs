using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the orthogonal cell:
/// <code>
/// (1)  h_t = modReLU(z_t; b),   z_t = W_ih x_t + W h_{t-1}
/// (2)  ∂h_t/∂h_{t-1} = diag([h_t ≠ 0]) W
/// </code>
/// W is orthogonal, so a gradient keeps its norm but for the units that modReLU holds at zero.
/// </summary>
public sealed class OrthogonalJacobian : StepJacobian
{
    private readonly OrthogonalCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public OrthogonalJacobian(OrthogonalCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var weight = _cell.RecurrentMatrix(); // [H, H]
        var h = _cell.Advance(_cell.ProjectInput(x), before, weight, tapCell: null).Hidden; // [B, H] (1)
        return Scaled(h.ne(0).to(h.dtype), weight); // [B, H, H] (2)
    }
}
