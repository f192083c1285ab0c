using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the LSTM with layer normalisation, of the joint state [h, c]; G_i, G_f, G_g, G_o are the blocks of G:
/// <code>
/// (1)  N(a) = (a - mean(a)) / s(a),   ∂N(a)/∂a = (I - 1 1'/n - N(a) N(a)'/n) / s(a)      n: the number of entries of a
/// (2)  z = γ_ih N(W_ih x_t) + b_ih + γ_hh N(q) + b_hh,   q = W_hh h_{t-1}
/// (3)  i, f, o = σ(z^i), σ(z^f), σ(z^o),   g = tanh(z^g),   c_t = f c_{t-1} + i g
/// (4)  m = tanh(γ_c N(c_t) + b_c),   h_t = o m
/// (5)  G = ∂z/∂h_{t-1} = diag(γ_hh) ∂N(q)/∂q W_hh
/// (6)  M = ∂h_t/∂c_t = diag(o (1 - m²) γ_c) ∂N(c_t)/∂c_t
/// (7)  ∂c_t/∂c_{t-1} = diag(f)
/// (8)  ∂c_t/∂h_{t-1} = diag(g i') G_i + diag(c_{t-1} f') G_f + diag(i g') G_g
/// (9)  ∂h_t/∂c_{t-1} = M diag(f)
/// (10) ∂h_t/∂h_{t-1} = diag(m o') G_o + M ∂c_t/∂h_{t-1}
/// (11) J_t = [ (10) (9) ]
///            [ (8)  (7) ]
/// </code>
/// i' = i - i² and so for f and o, g' = 1 - g². Each follows from (1) to (4) by the chain rule.
/// </summary>
public sealed class LayerNormLstmJacobian : StepJacobian
{
    private readonly LayerNormLstmCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public LayerNormLstmJacobian(LayerNormLstmCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var (normalQ, scaleQ) = Normalise(before.Hidden.mm(_cell.weight_hh.t())); // [B, 4H], [B, 1] (2)
        var z = _cell.ProjectInput(x).add(_cell.weight_ln_hh.mul(normalQ)).chunk(4, 1); // 4 × [B, H] (2)
        var (i, f, g, o) = (z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()); // [B, H] (3)
        var (normalC, scaleC) = Normalise(f.mul(before.Cell).add(i.mul(g))); // [B, H], [B, 1] (3)
        var shown = _cell.weight_ln_c.mul(normalC); // [B, H] (4)
        var m = (_cell.bias_ln_c is { } bias ? shown.add(bias) : shown).tanh(); // [B, H] (4)

        var w = _cell.weight_ln_hh.unsqueeze(1).mul(NormalSlope(normalQ, scaleQ, _cell.weight_hh)).chunk(4, 1); // 4 × [B, H, H] (5)
        var identity = eye(_cell.HiddenSize, dtype: x.dtype, device: x.device); // [H, H]
        var hByC = Scaled(o.mul(TanhSlope(m)).mul(_cell.weight_ln_c), NormalSlope(normalC, scaleC, identity)); // [B, H, H] (6)
        var cByH = Scaled(g.mul(SigmoidSlope(i)), w[0])
            .add(Scaled(before.Cell.mul(SigmoidSlope(f)), w[1]))
            .add(Scaled(i.mul(TanhSlope(g)), w[2])); // [B, H, H] (8)
        var hByH = Scaled(m.mul(SigmoidSlope(o)), w[3]).add(hByC.bmm(cByH)); // [B, H, H] (10)
        var upper = cat([hByH, hByC.mul(f.unsqueeze(1))], 2); // [B, H, 2H] (10) (9)
        var lower = cat([cByH, diag_embed(f)], 2); // [B, H, 2H] (8) (7)
        return cat([upper, lower], 1); // [B, 2H, 2H] (11)
    }

    private static (Tensor Normal, Tensor Scale) Normalise(Tensor a)
    {
        var centred = a.sub(a.mean([-1], keepdim: true)); // [B, n] (1)
        var scale = centred.square().mean([-1], keepdim: true).add(LayerNormLstmCell.Epsilon).sqrt(); // [B, 1] (1)
        return (centred.div(scale), scale);
    }

    /// <summary>∂N(a)/∂a times a matrix [n, K], for every row of N(a) [B, n].</summary>
    /// <returns>[B, n, K].</returns>
    private static Tensor NormalSlope(Tensor normal, Tensor scale, Tensor matrix)
    {
        var centred = matrix.sub(matrix.mean([0], keepdim: true)); // [n, K] (1)
        var along = normal.mm(matrix).div(normal.shape[1]); // [B, K] (1)
        return centred.sub(normal.unsqueeze(2).mul(along.unsqueeze(1))).div(scale.unsqueeze(2)); // [B, n, K] (1)
    }
}
