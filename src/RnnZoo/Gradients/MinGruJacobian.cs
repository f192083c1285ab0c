using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The step Jacobian of the minGRU:
/// <code>
/// (1)  z_t = σ(W_iz x_t + b_iz),   h_t = (1 - z_t) h_{t-1} + z_t g_t      z_t and g_t do not depend on the state
/// (2)  ∂h_t/∂h_{t-1} = diag(1 - z_t)
/// </code>
/// </summary>
public sealed class MinGruJacobian : StepJacobian
{
    private readonly MinGruCell _cell;

    /// <summary>The Jacobian of a cell.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public MinGruJacobian(MinGruCell cell) : base(cell) => _cell = cell;

    private protected override Tensor Evaluate(Tensor x, RecurrentState before)
    {
        var z = _cell.ProjectInput(x).narrow(1, 0, _cell.HiddenSize); // [B, H] (1)
        return diag_embed(ones_like(z).sub(z)); // [B, H, H] (2)
    }
}
