using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

// What a cell adds to the loops: its sizes, one step forward, one step back.
public abstract partial class LayerBptt
{
    private readonly TermHook? _hook;

    private protected LayerBptt(TermHook? hook) => _hook = hook;

    /// <summary>G: the row blocks of the weights.</summary>
    public abstract int Gates { get; }

    /// <summary>1 for h alone, 2 for h and c.</summary>
    public abstract int StateParts { get; }

    /// <summary>How many tensors of a step, besides the state, go on the tape.</summary>
    private protected abstract int KeptParts { get; }

    /// <summary>Whether a product with h_{t-1} is part of the step.</summary>
    private protected virtual bool HasHiddenWeight => true;

    /// <summary>The names and shapes of <see cref="LayerWeights.Further"/>.</summary>
    private protected virtual (string Name, long[] Shape)[] FurtherShapes(LayerWeights weights) => [];

    internal static LayerBptt For(RecurrentCell cell, TermHook? hook) => cell switch
    {
        ElmanCell elman => new ElmanBptt(elman.Activation, hook),
        LstmCell => new LstmBptt(hook),
        GruCell => new GruBptt(hook),
        MinGruCell => new MinGruBptt(hook),
        LayerNormLstmCell => new LayerNormLstmBptt(hook),
        OrthogonalCell => new ModReluBptt(hook),
        IndRnnCell => new IndRnnBptt(hook),
        null => throw new ArgumentNullException(nameof(cell)),
        _ => throw new NotSupportedException($"cell: expected a cell of this library, got {cell.GetType().Name}; its gradient comes from the Autograd path."),
    };

    /// <summary>What of the biases joins the input part (1): both, unless the cell uses b_hh elsewhere.</summary>
    private protected virtual Tensor? ProjectedBias(LayerWeights weights) =>
        weights.InputBias is { } input && weights.HiddenBias is { } hidden ? input.add(hidden) : weights.InputBias; // [G·H]

    /// <summary>One step forward.</summary>
    /// <param name="p">p_t [B, G·H].</param>
    /// <param name="before">The state before the step.</param>
    /// <param name="weights">The weights.</param>
    /// <returns>The state after the step, and what goes on the tape.</returns>
    private protected abstract (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights);

    /// <summary>One step back.</summary>
    /// <param name="tape">What the step read and made.</param>
    /// <param name="dH">∂L/∂h_t [B, H], both parts.</param>
    /// <param name="dCFromFuture">What reaches c_t from c_{t+1} [B, H]; null without a c.</param>
    private protected abstract StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture);

    /// <summary>A term of a backward equation. A test's hook may put a wrong one in its place.</summary>
    private protected Tensor Term(string name, Tensor value) => _hook is null ? value : _hook(name, value);

    /// <summary>dσ(z)/dz by y = σ(z): y - y².</summary>
    private protected Tensor SigmoidSlope(string term, Tensor y) => Term(term + ": y", y).sub(Term(term + ": y²", y.square()));

    /// <summary>dtanh(z)/dz by y = tanh(z): 1 - y².</summary>
    private protected Tensor TanhSlope(string term, Tensor y) => Term(term + ": 1", ones_like(y)).sub(Term(term + ": y²", y.square()));

    /// <summary>
    /// What is found for all steps at once, for a cell that does more to its input than to add a bias: ∂L/∂(W_ih x_t)
    /// [T, B, G·H] for (4) and (5), else dp_t, and the gradients of <see cref="LayerWeights.Further"/>.
    /// </summary>
    private protected virtual (Tensor DProduct, Tensor[]? Further) AcrossSteps(LayerTape tape, BackwardWalk walk) => (walk.DProjected, null);

    /// <summary>The tape as <see cref="BackwardStep"/> reads it: what needs no gradient from the future can be found here for all steps at once.</summary>
    private protected virtual LayerTape Prepared(LayerTape tape) => tape;

    /// <summary>∂L/∂b_hh of every step [T, B, G·H], for (8): dq_t, unless the bias is added elsewhere.</summary>
    private protected virtual Tensor DHiddenBias(BackwardWalk walk) => walk.DRecurrent;

    /// <summary>p_t of every step (1).</summary>
    private protected virtual Tensor Project(Tensor input, LayerWeights weights) => InputProduct(input, weights, ProjectedBias(weights)); // [T, B, G·H]

    /// <summary>W_ih x_t + b of every step [T, B, G·H].</summary>
    private protected static Tensor InputProduct(Tensor input, LayerWeights weights, Tensor? bias)
    {
        var (rows, weight) = (Rows(input), weights.InputWeight.t()); // [T·B, I], [I, G·H]
        var product = bias is null ? rows.mm(weight) : bias.addmm(rows, weight); // [T·B, G·H]
        return product.view(input.shape[0], input.shape[1], weight.shape[1]); // [T, B, G·H]
    }

    private static Tensor[][] Columns(int count, int steps) => [.. Enumerable.Range(0, count).Select(_ => new Tensor[steps])];

    private static void Put(Tensor[][] columns, int row, IReadOnlyList<Tensor?> values)
    {
        for (var column = 0; column < columns.Length; column++)
        {
            columns[column][row] = values[column]!;
        }
    }
}
