using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the GRU; W_r, W_z, W_n are the blocks of W_hh, p those of W_ih x_t + b_ih, q those of
/// W_hh h_{t-1} + b_hh:
/// <code>
/// (1)  r = σ(p^r + q^r),   z = σ(p^z + q^z),   m = q^n,   n = tanh(p^n + r m)
/// (2)  h_t = (1 - z) n + z h_{t-1}
/// (3)  ∂n/∂h_{t-1} = diag(n') (diag(r) W_n + diag(m r') W_r)
/// (4)  ∂h_t/∂h_{t-1} = diag(z) + diag((h_{t-1} - n) z') W_z + diag(1 - z) ∂n/∂h_{t-1}
/// </code>
/// r' = r - r² and so for z, n' = 1 - n². Both follow from (1) and (2) by the chain rule.
/// </summary>
public sealed class GruJacobian : StepJacobian
{
    private readonly GruCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public GruJacobian(GruCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var (h, weight) = (before.Hidden, _cell.weight_hh.t()); // [B, H], [H, 3H]
        var p = _cell.ProjectInput(x).chunk(3, 1); // 3 × [B, H]
        var q = (_cell.bias_hh is { } bias ? bias.addmm(h, weight) : h.mm(weight)).chunk(3, 1); // 3 × [B, H]
        var (r, z, m) = (p[0].add(q[0]).sigmoid(), p[1].add(q[1]).sigmoid(), q[2]); // [B, H] (1)
        var n = p[2].add(r.mul(m)).tanh(); // [B, H] (1)
        var w = _cell.weight_hh.chunk(3, 0); // 3 × [H, H]
        var nByH = Scaled(TanhSlope(n), Scaled(r, w[2]).add(Scaled(m.mul(SigmoidSlope(r)), w[0]))); // [B, H, H] (3)
        return diag_embed(z)
            .add(Scaled(h.sub(n).mul(SigmoidSlope(z)), w[1]))
            .add(Scaled(ones_like(z).sub(z), nByH)); // [B, H, H] (4)
    }
}
