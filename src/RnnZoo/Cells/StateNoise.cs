using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// Recurrent dropout and zoneout, drawn for one pass over one direction of one layer; s is each part of the state:
/// <code>
/// (1)  q_t = W_hh (m h_{t-1})              m = 0 with probability p, else 1 / (1 - p), the same at every step; 1 in evaluation
/// (2)  s_t = d_t s_{t-1} + (1 - d_t) s̃_t   s̃_t: what the cell makes; d_t = 1 with probability z, else 0; z in evaluation
/// backward
/// (3)  dh_{t-1} = m W_hh' dq_t,   dW_hh = Σ_t dq_t (m h_{t-1})'
/// (4)  ds̃_t = (1 - d_t) ds_t,   ds_{t-1} = d_t ds_t + …
/// </code>
/// Source: Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", 2016,
/// for (1); D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", 2017, for (2), where
/// h̃_t of an LSTM is o_t tanh(c̃_t).
/// </summary>
internal sealed class StateNoise
{
    private readonly BatchSizes _sizes;
    private readonly double[] _rates; // of the parts, in evaluation
    private readonly Tensor? _mask; // m [B, H]
    private readonly Tensor?[] _kept; // parts × [N, H]: where d_t is 1

    private StateNoise(BatchSizes sizes, double[] rates, Tensor? mask, Tensor?[] kept) => (_sizes, _rates, _mask, _kept) = (sizes, rates, mask, kept);

    /// <summary>No noise.</summary>
    public static StateNoise None { get; } = new(BatchSizes.Even(1, 0), [], null, []);

    /// <summary>Whether nothing is to be done.</summary>
    public bool IsNone => _mask is null && !HasZoneout;

    /// <summary>Whether (2) is to be done.</summary>
    public bool HasZoneout => _rates.Length > 0 || Array.Exists(_kept, kept => kept is not null);

    /// <summary>What was drawn.</summary>
    public Tensor?[] Tensors => [_mask, .. _kept];

    /// <summary>Draws what a pass needs; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="dropout">p.</param>
    /// <param name="zoneout">z of each part.</param>
    /// <param name="training">Whether (1) is active and (2) is random.</param>
    /// <param name="sizes">How many rows each step has.</param>
    /// <param name="state">The state, for its sizes, element type and device.</param>
    public static StateNoise Draw(double dropout, IReadOnlyList<double> zoneout, bool training, BatchSizes sizes, RecurrentState state)
    {
        if (!(training && dropout > 0) && zoneout.All(rate => rate == 0))
        {
            return None;
        }

        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var mask = training && dropout > 0 ? nn.functional.dropout(ones_like(state.Hidden), dropout, training: true) : null;
        var kept = zoneout.Select((rate, part) => training && rate > 0
            ? empty([sizes.Total, state[part].size(-1)], dtype: state[part].dtype, device: state[part].device).bernoulli_(rate).to(ScalarType.Bool)
            : null).ToArray();
        var noise = new StateNoise(sizes, training ? [] : [.. zoneout], mask, kept);
        foreach (var tensor in noise.Tensors)
        {
            tensor?.MoveToOuterDisposeScope();
        }

        return noise;
    }

    /// <summary>The same noise by other objects of the same tensors.</summary>
    public StateNoise With(Tensor?[] tensors) => IsNone ? this : new(_sizes, _rates, tensors[0], tensors[1..]);

    /// <summary>The weights, with what (1) needs of them.</summary>
    public LayerWeights On(LayerWeights weights, long rows) => _mask is null ? weights : weights with { RecurrentMask = _mask.narrow(0, 0, rows) };

    /// <summary>(2) of every part.</summary>
    public RecurrentState Blend(RecurrentState before, RecurrentState after, int t) => !HasZoneout
        ? after
        : new([.. after.Select((part, index) => Past(index, t, before[index]) is { } past ? past.Plus(Present(index, t, part)) : part)]);

    /// <summary>(2) of every part in evaluation, by the rates z of the parts.</summary>
    public static StepValue[] Mean(StepValue[] before, StepValue[] after, IReadOnlyList<double> rates) =>
        [.. after.Select((part, index) => rates.ElementAtOrDefault(index) is > 0 and var rate ? (before[index] * rate) + (part * (1 - rate)) : part)];

    /// <summary>d_t times x, or null where nothing is kept of that part.</summary>
    public Tensor? Past(int part, int t, Tensor x) =>
        _kept.ElementAtOrDefault(part) is { } kept ? x.masked_fill(At(kept, t).logical_not(), Scalars.Zero)
        : _rates.ElementAtOrDefault(part) > 0 ? x.mul(Scalars.Of(_rates[part])) : null;

    /// <summary>(1 - d_t) times x.</summary>
    public Tensor Present(int part, int t, Tensor x) =>
        _kept.ElementAtOrDefault(part) is { } kept ? x.masked_fill(At(kept, t), Scalars.Zero)
        : _rates.ElementAtOrDefault(part) > 0 ? x.mul(Scalars.Of(1 - _rates[part])) : x;

    /// <summary>m times the gradient of what the recurrent product saw [n, H].</summary>
    public Tensor Masked(Tensor gradient) => _mask is null ? gradient : gradient.mul(_mask.narrow(0, 0, gradient.size(0)));

    /// <summary>What the recurrent product saw of h, for all steps.</summary>
    /// <param name="before">h_{t-1}, rows [N, H].</param>
    public Tensor Seen(Tensor before) => _mask is null ? before : cat([.. before.Steps(_sizes).Select(Masked)], 0);

    private Tensor At(Tensor rows, int t) => rows.narrow(0, _sizes.Start(t), _sizes[t]);
}
