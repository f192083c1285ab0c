using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>One configuration of a recurrent net, to be made by torch.nn and by this library.</summary>
public sealed record NetCase(string Net, long Layers = 1, bool Bidirectional = false, bool Bias = true, bool BatchFirst = false, long I = 5, long H = 11)
{
    public long StateRows => Layers * (Bidirectional ? 2 : 1);

    public int StateParts => Net is "LSTM" or "LNLSTM" ? 2 : 1;

    private nn.NonLinearities NonLinearity => Net == "RELU" ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh;

    /// <summary>The module of torch.nn, in float64, and how to run it: (input, h0, c0) → (output, h_n, c_n).</summary>
    public RunnableNet Native(ScalarType dtype = ScalarType.Float64)
    {
        switch (Net)
        {
            case "LSTM":
                var lstm = nn.LSTM(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype);
                return new RunnableNet(lstm, (x, s) =>
                {
                    var (y, h, c) = lstm.call(x, s.Length == 0 ? null : (s[0], s[1]));
                    return [y, h, c];
                });
            case "GRU":
                var gru = nn.GRU(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype);
                return new RunnableNet(gru, (x, s) =>
                {
                    var (y, h) = gru.call(x, s.FirstOrDefault()!);
                    return [y, h];
                });
            default:
                var rnn = nn.RNN(I, H, Layers, NonLinearity, Bias, BatchFirst, 0, Bidirectional, dtype: dtype);
                return new RunnableNet(rnn, (x, s) =>
                {
                    var (y, h) = rnn.call(x, s.FirstOrDefault());
                    return [y, h];
                });
        }
    }

    /// <summary>This library's module for the same configuration.</summary>
    public RunnableNet Ours(BackwardPath path, ScalarType dtype = ScalarType.Float64)
    {
        switch (Net)
        {
            case "LSTM":
                var lstm = new Lstm(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(lstm, (x, s) =>
                {
                    var (y, h, c) = lstm.call(x, s.Length == 0 ? null : (s[0], s[1]));
                    return [y, h, c];
                });
            case "GRU":
                var gru = new Gru(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(gru, (x, s) =>
                {
                    var (y, h) = gru.call(x, s.FirstOrDefault());
                    return [y, h];
                });
            case "LNLSTM":
                var normalised = new LayerNormLstm(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(normalised, (x, s) =>
                {
                    var (y, h, c) = normalised.call(x, s.Length == 0 ? null : (s[0], s[1]));
                    return [y, h, c];
                });
            case "MINGRU":
                var minimal = new MinGru(I, H, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(minimal, (x, s) =>
                {
                    var (y, h) = minimal.call(x, s.FirstOrDefault());
                    return [y, h];
                });
            case "ORTHOGONAL":
                var orthogonal = new OrthogonalRnn(I, H, Layers, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(orthogonal, (x, s) =>
                {
                    var (y, h) = orthogonal.call(x, s.FirstOrDefault());
                    return [y, h];
                });
            case "INDRNN":
                var independent = new IndRnn(I, H, Layers, bias: Bias, batchFirst: BatchFirst, bidirectional: Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(independent, (x, s) =>
                {
                    var (y, h) = independent.call(x, s.FirstOrDefault());
                    return [y, h];
                });
            case var name when RecurrentNets.Names.Contains(name):
                var registered = RecurrentNets.Named(name).Make(new NetOptions(I, H, Layers) { Bias = Bias, BatchFirst = BatchFirst, Bidirectional = Bidirectional, DType = dtype });
                registered.Backward = path;
                return new RunnableNet((nn.Module)registered, (x, s) =>
                {
                    var (y, state) = registered.Run(x, s.Length == 0 ? null : new RecurrentState(s));
                    return [y, .. state];
                });
            default:
                var rnn = new VanillaRnn(I, H, Layers, NonLinearity, Bias, BatchFirst, 0, Bidirectional, dtype: dtype) { Backward = path };
                return new RunnableNet(rnn, (x, s) =>
                {
                    var (y, h) = rnn.call(x, s.FirstOrDefault());
                    return [y, h];
                });
        }
    }

    public override string ToString() =>
        $"{Net} L{Layers}{(Bidirectional ? " bidirectional" : "")}{(Bias ? "" : " no bias")}{(BatchFirst ? " batch first" : "")}";
}
