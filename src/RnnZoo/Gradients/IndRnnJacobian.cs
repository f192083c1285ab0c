using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the IndRNN cell, a diagonal matrix:
/// <code>
/// (1)  h_t = max(z_t, 0),   z_t = W_ih x_t + b_ih + u h_{t-1}
/// (2)  ∂h_t/∂h_{t-1} = diag([h_t &gt; 0] u)
/// </code>
/// </summary>
public sealed class IndRnnJacobian : StepJacobian
{
    private readonly IndRnnCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public IndRnnJacobian(IndRnnCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var h = _cell.Step(x, before).Hidden; // [B, H] (1)
        return diag_embed(h.gt(0).to(h.dtype).mul(_cell.BoundedWeight())); // [B, H, H] (2)
    }
}
