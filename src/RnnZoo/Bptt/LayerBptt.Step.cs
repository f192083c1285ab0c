using RnnZoo.Modules;
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

    LayerRun ILayerEngine.Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed, bool keepTape) =>
        Forward(input, initial, weights, reversed, keepTape);

    LayerGradients ILayerEngine.Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms) =>
        Backward(tape, cotangents, wanted, norms);

    internal static LayerBptt For(RecurrentCell cell, TermHook? hook) => cell switch
    {
        ElmanCell elman => new ElmanBptt(elman.Activation, hook),
        LstmCell => new LstmBptt(hook),
        GruCell => new GruBptt(hook),
        null => throw new ArgumentNullException(nameof(cell)),
        _ => throw new NotSupportedException($"cell: expected an ElmanCell, LstmCell or GruCell, got {cell.GetType().Name}; its gradient comes from the Autograd path."),
    };

    /// <summary>What of the biases joins the input part (1): both, unless the cell uses b_hh elsewhere.</summary>
    private protected virtual Tensor? ProjectedBias(LayerWeights weights) =>
        weights.InputBias is { } input && weights.HiddenBias is { } hidden ? input.add(hidden) : null; // [G·H]

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

    private Tensor Project(Tensor input, LayerWeights weights)
    {
        var (rows, weight) = (Rows(input), weights.InputWeight.t()); // [T·B, I], [I, G·H]
        var projected = ProjectedBias(weights) is { } bias ? bias.addmm(rows, weight) : rows.mm(weight); // [T·B, G·H] (1)
        return projected.view(input.shape[0], input.shape[1], weight.shape[1]); // [T, B, G·H]
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
