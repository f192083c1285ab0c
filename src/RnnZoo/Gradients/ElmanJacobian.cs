using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the vanilla cell:
/// <code>
/// (1)  h_t = φ(z_t),   z_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
/// (2)  ∂h_t/∂h_{t-1} = diag(φ'(z_t)) W_hh      φ' = 1 - h_t² for tanh, [h_t &gt; 0] for ReLU, 1 for the identity
/// </code>
/// Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", 2013, where the
/// state is the other side of φ.
/// </summary>
public sealed class ElmanJacobian : StepJacobian
{
    private readonly ElmanCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public ElmanJacobian(ElmanCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var h = _cell.Step(x, before).Hidden; // [B, H] (1)
        var slope = _cell.Activation switch // [B, H] (2)
        {
            Activation.Tanh => TanhSlope(h),
            Activation.Relu => h.gt(0).to(h.dtype),
            _ => ones_like(h),
        };
        return Scaled(slope, _cell.weight_hh); // [B, H, H] (2)
    }
}
