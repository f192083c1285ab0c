using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>One configuration of a recurrent net, to be made by torch.nn and by this library.</summary>
public sealed record NetCase(string Net, long Layers = 1, bool Bidirectional = false, bool Bias = true, bool BatchFirst = false, long I = 5, long H = 11)
{
    public long StateRows => Layers * (Bidirectional ? 2 : 1);

    /// <summary>The nets of torch.nn, which are compared with it, and those that the registry has besides.</summary>
    public static string[] Names { get; } = ["RNN", "RELU", "LSTM", "GRU", .. RecurrentNets.Names.Except(["vanilla", "irnn", "lstm", "gru"])];

    /// <summary>The last axis of each part of the state.</summary>
    public IReadOnlyList<long> StateSizes
    {
        get
        {
            using var net = Ours(BackwardPath.Auto);
            return ((IRecurrentModule)net.Module).StateSizes;
        }
    }

    public int StateParts => StateSizes.Count;

    /// <summary>A random state, parts [L·D, B, S]; c, n and m of the sLSTM above 0, as n is.</summary>
    public Tensor[] RandomState(long batch) =>
        [.. StateSizes.Select(size => LayerCase.Random(StateRows, batch, size)).Select(part => part.size(2) == H ? part : part.abs().add(1))];

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
            case var name when RecurrentNets.Names.Contains(name):
                var registered = TestNets.Make(name, new NetOptions(I, H, Layers) { Bias = Bias, BatchFirst = BatchFirst, Bidirectional = Bidirectional, DType = dtype });
                registered.Backward = path;
                FillEmptyMatrices((nn.Module)registered);
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

    // The sLSTM's R begins at 0, which would hide what goes through it.
    private static void FillEmptyMatrices(nn.Module net)
    {
        using var noTape = no_grad();
        foreach (var matrix in net.parameters().Where(parameter => parameter.Dimensions == 2 && parameter.count_nonzero().item<long>() == 0))
        {
            matrix.uniform_(-0.3, 0.3);
        }
    }

    public override string ToString() =>
        $"{Net} L{Layers}{(Bidirectional ? " bidirectional" : "")}{(Bias ? "" : " no bias")}{(BatchFirst ? " batch first" : "")}";
}
