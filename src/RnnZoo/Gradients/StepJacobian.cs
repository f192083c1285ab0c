using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// The derivative of one step of a recurrence by the state before it, J_t = ∂s_t/∂s_{t-1}, where s joins all parts of the
/// state: h, or [h, c] for an LSTM. Row i, column j is ∂s_t[i]/∂s_{t-1}[j].
/// </summary>
/// <remarks>
/// For a new cell: derive, write the equations in <see cref="Evaluate"/>, and name the cell in <see cref="For"/>. A cell
/// without equations of its own gets <see cref="AutogradJacobian"/>.
/// </remarks>
public abstract class StepJacobian
{
    private protected StepJacobian(RecurrentCell cell)
    {
        Cell = cell;
        StateSize = cell.StateSizes.Sum();
    }

    /// <summary>S: the sizes of all parts of the state together; H, or 2H for an LSTM.</summary>
    public long StateSize { get; }

    /// <summary>The cell that makes the step.</summary>
    public RecurrentCell Cell { get; }

    /// <summary>The Jacobian of a cell: by its equations for the cells of this library, by autograd for others.</summary>
    /// <param name="cell">The cell; its parameters are read at each evaluation.</param>
    public static StepJacobian For(RecurrentCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return cell switch
        {
            ElmanCell elman => new ElmanJacobian(elman),
            LstmCell lstm => new LstmJacobian(lstm),
            GruCell gru => new GruJacobian(gru),
            MinGruCell gru => new MinGruJacobian(gru),
            LayerNormLstmCell lstm => new LayerNormLstmJacobian(lstm),
            OrthogonalCell orthogonal => new OrthogonalJacobian(orthogonal),
            IndRnnCell independent => new IndRnnJacobian(independent),
            _ => new AutogradJacobian(cell),
        };
    }

    /// <summary>The Jacobians of a batch of steps that do not depend on each other.</summary>
    /// <param name="x">[B, I]: the input of each step.</param>
    /// <param name="before">The state before each step, parts [B, S_part].</param>
    /// <returns>[B, S, S], off the tape; a new tensor that belongs to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor At(Tensor x, RecurrentState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        Check.CellInput(x, Cell.InputSize);
        Check.Like(Cell, x, nameof(x));
        Check.CellState(before, Cell.StateSizes, x);
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        return Evaluate(x, before).MoveToOuterDisposeScope();
    }

    /// <summary>The equations. The arguments are checked; the tape is off; the caller's scope takes what is made on the way.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="before">Parts [B, S_part].</param>
    /// <returns>[B, S, S].</returns>
    private protected abstract Tensor Evaluate(Tensor x, RecurrentState before);

    /// <summary>diag(v) M for every row of v: row i of M times v[i].</summary>
    /// <param name="v">[B, H].</param>
    /// <param name="matrix">[H, H] or [B, H, H].</param>
    /// <returns>[B, H, H].</returns>
    private protected static Tensor Scaled(Tensor v, Tensor matrix) => v.unsqueeze(2).mul(matrix);

    /// <summary>dσ(z)/dz by y = σ(z).</summary>
    private protected static Tensor SigmoidSlope(Tensor y) => y.sub(y.square());

    /// <summary>dtanh(z)/dz by y = tanh(z).</summary>
    private protected static Tensor TanhSlope(Tensor y) => ones_like(y).sub(y.square());
}
