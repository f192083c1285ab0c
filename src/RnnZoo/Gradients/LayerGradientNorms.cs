using RnnZoo.Bptt;

namespace RnnZoo.Gradients;

/// <summary>
/// The size of the gradient at each time step of one direction of one layer. All norms are L2 over [B, H], formed in double;
/// L is the loss that was differentiated, so a mean over the batch makes them smaller by B. Entry t belongs to input x_t,
/// for the direction that reads backwards as well. Where no gradient arrives the norm is 0.
/// <code>
/// (1) dh_t = dh_t(output) + dh_t(future)      output: the readout, or the layer above
/// (2) dc_t = dc_t(hidden) + dc_t(future)      hidden: through h_t = o_t tanh(c_t)
/// (3) dW_hh = Σ_t dq_t h_{t-1}'               dq_t: the gradient of W_hh h_{t-1} + b_hh
/// </code>
/// Future is what comes from the later steps of the walk through the net's own state. At the last step of the walk
/// (t = T - 1, or 0 for the direction that reads backwards) it is the gradient of the final state, h_n or c_n.
/// </summary>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="Hidden">[T] ‖dh_t‖ of (1) in full.</param>
/// <param name="HiddenFromFuture">[T] ‖dh_t(future)‖ of (1).</param>
/// <param name="Cell">[T] ‖dc_t‖ of (2) in full, for an LSTM; null for cells without c and for a user's own.</param>
/// <param name="CellFromFuture">[T] ‖dc_t(future)‖ of (2), for an LSTM; else null.</param>
/// <param name="WeightShares">
/// [T] ‖dq_t h_{t-1}'‖ of (3), the Frobenius norm of the step's own term, summed over the batch; null unless asked for, and
/// for a user's own cell. The terms' sum is ∂L/∂W_hh; their norms add up to at least its norm.
/// </param>
public sealed record LayerGradientNorms(
    int Layer,
    int Direction,
    IReadOnlyList<double> Hidden,
    IReadOnlyList<double> HiddenFromFuture,
    IReadOnlyList<double>? Cell = null,
    IReadOnlyList<double>? CellFromFuture = null,
    IReadOnlyList<double>? WeightShares = null)
{
    internal static LayerGradientNorms Copy(int layer, int direction, StepNorms norms, bool withShares) => new(
        layer, direction, [.. norms.Hidden], [.. norms.HiddenFromFuture], Copy(norms.Cell), Copy(norms.CellFromFuture), withShares ? Copy(norms.Shares) : null);

    private static double[]? Copy(double[]? norms) => (double[]?)norms?.Clone();
}
