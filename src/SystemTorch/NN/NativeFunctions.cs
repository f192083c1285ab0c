using TorchSharp.Interop;
using static TorchSharp.torch;

namespace TorchSharp.NN;

/// <summary>The operators of libtorch behind modules and functional forms. Shapes are checked by the callers.</summary>
internal static class NativeFunctions
{
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias) => Op.Tensor("linear", input, weight, bias);

    public static Tensor Embedding(Tensor weight, Tensor indices, long paddingIndex, bool scaleByFrequency, bool sparse)
        => Op.Tensor("embedding", weight, indices, paddingIndex, scaleByFrequency, sparse);

    public static void EmbeddingRenorm(Tensor weight, Tensor indices, double maxNorm, double normType)
        => Op.InPlace("embedding_renorm_", weight, indices, maxNorm, normType);

    public static Tensor Dropout(Tensor input, double p, bool training, bool inplace)
        => inplace ? Op.InPlace("dropout_", input, p, training) : Op.Tensor("dropout", input, p, training);

    public static Tensor LayerNorm(Tensor input, long[] normalizedShape, Tensor? weight, Tensor? bias, double eps)
        => Op.Tensor("layer_norm", input, normalizedShape, weight, bias, eps);

    public static Tensor OneHot(Tensor indices, long classes) => Op.Tensor("one_hot", indices, classes);

    public static Tensor Norm(Tensor input, double p, long dim) => Op.Tensor("norm.ScalarOpt_dim", input, p, new[] { dim }, true);

    public static Tensor VectorNorm(Tensor input, double p) => Op.Tensor("linalg_vector_norm", input, p);

    public static Tensor PadSequence(Tensor[] sequences, bool batchFirst, double value)
        => Op.Tensor("pad_sequence", sequences, batchFirst, value);

    public static Tensor Pad(Tensor input, long[] pad, string mode, double value)
        => Op.Tensor("pad", input, pad, mode, mode == "constant" ? value : (double?)null);

    public static Tensor Softplus(Tensor input, double beta, double threshold) => Op.Tensor("softplus", input, beta, threshold);

    public static Tensor LogSigmoid(Tensor input) => Op.Tensor("log_sigmoid", input);

    public static Tensor CrossEntropy(
        Tensor input, Tensor target, Tensor? weight, nn.Reduction reduction, long ignoreIndex, double labelSmoothing)
        => Op.Tensor("cross_entropy_loss", input, target, weight, (long)reduction, ignoreIndex, labelSmoothing);

    public static Tensor NllLoss(Tensor input, Tensor target, Tensor? weight, nn.Reduction reduction)
        => Op.Tensor("nll_loss_nd", input, target, weight, (long)reduction);

    /// <summary>mse_loss or l1_loss.</summary>
    public static Tensor PairLoss(string name, Tensor input, Tensor target, nn.Reduction reduction)
        => Op.Tensor(name, input, target, (long)reduction);

    public static Tensor SmoothL1Loss(Tensor input, Tensor target, nn.Reduction reduction, double beta)
        => Op.Tensor("smooth_l1_loss", input, target, (long)reduction, beta);

    public static Tensor BinaryCrossEntropy(Tensor input, Tensor target, Tensor? weight, nn.Reduction reduction)
        => Op.Tensor("binary_cross_entropy", input, target, weight, (long)reduction);

    public static Tensor BinaryCrossEntropyWithLogits(
        Tensor input, Tensor target, Tensor? weight, Tensor? positiveWeight, nn.Reduction reduction)
        => Op.Tensor("binary_cross_entropy_with_logits", input, target, weight, positiveWeight, (long)reduction);

    public static (Tensor, Tensor) Rnn(
        nn.NonLinearities kind, Tensor input, Tensor h, IEnumerable<Tensor> weights, RecurrentWeights sizes, bool training)
        => Op.Pair(
            kind == nn.NonLinearities.Tanh ? "rnn_tanh.input" : "rnn_relu.input",
            input, h, weights.ToArray(), sizes.Bias, sizes.Layers, sizes.Dropout, training, sizes.Bidirectional, sizes.BatchFirst);

    public static (Tensor, Tensor) Gru(Tensor input, Tensor h, IEnumerable<Tensor> weights, RecurrentWeights sizes, bool training)
        => Op.Pair(
            "gru.input",
            input, h, weights.ToArray(), sizes.Bias, sizes.Layers, sizes.Dropout, training, sizes.Bidirectional, sizes.BatchFirst);

    public static (Tensor, Tensor, Tensor) Lstm(
        Tensor input, Tensor h, Tensor c, IEnumerable<Tensor> weights, RecurrentWeights sizes, bool training)
        => Op.Triple(
            "lstm.input",
            input, new[] { h, c }, weights.ToArray(), sizes.Bias, sizes.Layers, sizes.Dropout, training, sizes.Bidirectional, sizes.BatchFirst);

    public static Tensor RnnCell(
        nn.NonLinearities kind, Tensor input, Tensor h, Tensor weightIh, Tensor weightHh, Tensor? biasIh, Tensor? biasHh)
        => Op.Tensor(kind == nn.NonLinearities.Tanh ? "rnn_tanh_cell" : "rnn_relu_cell", input, h, weightIh, weightHh, biasIh, biasHh);

    public static Tensor GruCell(Tensor input, Tensor h, Tensor weightIh, Tensor weightHh, Tensor? biasIh, Tensor? biasHh)
        => Op.Tensor("gru_cell", input, h, weightIh, weightHh, biasIh, biasHh);

    public static (Tensor, Tensor) LstmCell(
        Tensor input, Tensor h, Tensor c, Tensor weightIh, Tensor weightHh, Tensor? biasIh, Tensor? biasHh)
        => Op.Pair("lstm_cell", input, new[] { h, c }, weightIh, weightHh, biasIh, biasHh);
}
