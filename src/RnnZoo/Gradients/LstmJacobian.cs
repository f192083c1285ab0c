using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the LSTM, of the joint state [h, c]; W_i, W_f, W_g, W_o are the blocks of W_hh:
/// <code>
/// (1)  i, f, o = σ(z^i), σ(z^f), σ(z^o),   g = tanh(z^g),   z = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
/// (2)  c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)
/// (3)  ∂c_t/∂c_{t-1} = diag(f)
/// (4)  ∂c_t/∂h_{t-1} = diag(g i') W_i + diag(c_{t-1} f') W_f + diag(i g') W_g
/// (5)  ∂h_t/∂c_{t-1} = diag(o (1 - tanh²(c_t)) f)
/// (6)  ∂h_t/∂h_{t-1} = diag(tanh(c_t) o') W_o + diag(o (1 - tanh²(c_t))) ∂c_t/∂h_{t-1}
/// (7)  J_t = [ (6)  (5) ]
///            [ (4)  (3) ]
/// </code>
/// i' = i - i² and so for f and o, g' = 1 - g². Each follows from (1) and (2) by the chain rule. With zero weights (4) is
/// zero, and c meets the forget gate alone: the cure for vanishing gradients.
/// </summary>
public sealed class LstmJacobian : StepJacobian
{
    private readonly LstmCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public LstmJacobian(LstmCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var z = _cell.ProjectInput(x).addmm(before.Hidden, _cell.weight_hh.t()).chunk(4, 1); // 4 × [B, H] (1)
        var (i, f, g, o) = (z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()); // [B, H] (1)
        var w = _cell.weight_hh.chunk(4, 0); // 4 × [H, H]
        var tanhC = f.mul(before.Cell).add(i.mul(g)).tanh(); // [B, H] (2)
        var cByH = Scaled(g.mul(SigmoidSlope(i)), w[0])
            .add(Scaled(before.Cell.mul(SigmoidSlope(f)), w[1]))
            .add(Scaled(i.mul(TanhSlope(g)), w[2])); // [B, H, H] (4)
        var hByC = o.mul(TanhSlope(tanhC)); // [B, H]: ∂h_t/∂c_t
        var hByH = Scaled(tanhC.mul(SigmoidSlope(o)), w[3]).add(Scaled(hByC, cByH)); // [B, H, H] (6)
        var upper = cat([hByH, diag_embed(hByC.mul(f))], 2); // [B, H, 2H] (6) (5)
        var lower = cat([cByH, diag_embed(f)], 2); // [B, H, 2H] (4) (3)
        return cat([upper, lower], 1); // [B, 2H, 2H] (7)
    }
}
