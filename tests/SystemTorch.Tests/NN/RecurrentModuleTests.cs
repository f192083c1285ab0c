using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>nn.RNN, nn.LSTM and nn.GRU against PyTorch, and their promises on shapes and states.</summary>
public class RecurrentModuleTests
{
    private const int T = 7, B = 3, I = 5, H = 2;

    [SkippableTheory]
    [InlineData("rnn-tanh")]
    [InlineData("rnn-relu-2layer")]
    [InlineData("lstm")]
    [InlineData("lstm-2layer-bidirectional")]
    [InlineData("gru")]
    public void OutputsAndAllGradients_InFloat64_MatchPyTorch(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("pytorch", name + ".json");
        Dictionary<string, Tensor> inputs = Reference.Tensors(json.GetProperty("inputs"));
        Dictionary<string, Tensor> parameters = Reference.Tensors(json.GetProperty("parameters"));
        using nn.Module module = Make(json);
        Assert.Equal(parameters.Keys, module.state_dict().Keys);
        module.load_state_dict(parameters);

        Tensor[] leaves = [.. inputs.Where(entry => !entry.Key.StartsWith("grad", StringComparison.Ordinal)).Select(entry => entry.Value.requires_grad_())];
        Assert.NotEmpty(leaves);
        Dictionary<string, Tensor> outputs = Run(module, inputs);
        foreach ((string key, Tensor expected) in Reference.Tensors(json.GetProperty("outputs")))
        {
            Expect.Close(expected, outputs[key], 1e-12, key);
        }

        outputs.Select(entry => (entry.Value * inputs["grad_" + entry.Key]).sum()).Aggregate((a, b) => a + b).backward();
        foreach ((string key, Tensor expected) in Reference.Tensors(json.GetProperty("grads")))
        {
            Expect.Close(expected, (inputs.GetValueOrDefault(key) ?? module.get_parameter(key)!).grad, 1e-11, key);
        }
    }

    [Fact]
    public void Cells_OneStepAtATime_EqualTheModules()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = randn([T, B, I], float64);
        Tensor h0 = randn([1, B, H], float64);
        Tensor c0 = randn([1, B, H], float64);
        using LSTM lstm = nn.LSTM(I, H, dtype: float64);
        using LSTMCell lstmCell = nn.LSTMCell(I, H, dtype: float64);
        using GRU gru = nn.GRU(I, H, dtype: float64);
        using GRUCell gruCell = nn.GRUCell(I, H, dtype: float64);
        using RNN rnn = nn.RNN(I, H, nonLinearity: nn.NonLinearities.ReLU, dtype: float64);
        using RNNCell rnnCell = nn.RNNCell(I, H, nn.NonLinearities.ReLU, dtype: float64);
        CopyWeights(lstm, lstmCell);
        CopyWeights(gru, gruCell);
        CopyWeights(rnn, rnnCell);

        (Tensor h, Tensor c) = (h0[0], c0[0]);
        (Tensor g, Tensor r) = (h0[0], h0[0]);
        for (int t = 0; t < T; t++)
        {
            (h, c) = lstmCell.call(x[t], (h, c));
            g = gruCell.call(x[t], g);
            r = rnnCell.call(x[t], r);
        }

        (_, Tensor hn, Tensor cn) = lstm.call(x, (h0, c0));
        Expect.Close(hn[0], h, 1e-13);
        Expect.Close(cn[0], c, 1e-13);
        Expect.Close(gru.call(x, h0).Item2[0], g, 1e-13);
        Expect.Close(rnn.call(x, h0).Item2[0], r, 1e-13);
    }

    [Fact]
    public void BatchFirst_OnTransposedInput_GivesTransposedOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = randn([T, B, I]);
        using GRU timeFirst = nn.GRU(I, H, numLayers: 2, bidirectional: true);
        using GRU batchFirst = nn.GRU(I, H, numLayers: 2, bidirectional: true, batchFirst: true);
        batchFirst.load_state_dict(timeFirst.state_dict());
        (Tensor y, Tensor h) = timeFirst.call(x);
        (Tensor swapped, Tensor swappedH) = batchFirst.call(x.transpose(0, 1));
        Assert.Equal([B, T, 2 * H], swapped.shape);
        Expect.Close(y, swapped.transpose(0, 1), 1e-6);
        Expect.Close(h, swappedH, 1e-6);
    }

    [Fact]
    public void Dropout_BetweenLayers_ActsInTrainingOnly()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = randn([T, B, I]);
        using LSTM module = nn.LSTM(I, H, numLayers: 2, dropout: 0.5);
        Assert.False(module.call(x).Item1.equal(module.call(x).Item1).item<bool>());
        module.eval();
        Expect.Same(module.call(x).Item1, module.call(x).Item1);
    }

    [Fact]
    public void Accessors_OfRnn_GiveTheNamedParameters()
    {
        using RNN module = nn.RNN(I, H, numLayers: 2, bidirectional: true);
        Assert.Same(module.get_parameter("weight_ih_l1_reverse"), module.get_weight_ih(3));
        Assert.Same(module.get_parameter("bias_hh_l1"), module.get_bias_hh(2));
        Assert.Same(module.get_parameter("weight_hh_l0"), module.get_weight_hh(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => module.get_bias_ih(4));
        using RNN plain = nn.RNN(I, H, bias: false);
        Assert.Null(plain.get_bias_ih(0));
        Assert.Equal(["weight_ih_l0", "weight_hh_l0"], plain.state_dict().Keys);
    }

    [Fact]
    public void Float64Module_WithOneSeed_HoldsTheNumbersOfTheFloat32One()
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator();
        using GRU narrow = nn.GRU(I, H);
        using GRU wide = nn.GRU(I, H);
        wide.load_state_dict(narrow.state_dict());
        wide.to(float64);
        Expect.Same(narrow.get_parameter("weight_hh_l0")!.to(float64), wide.get_parameter("weight_hh_l0"));
        Assert.Equal(float64, wide.call(zeros([T, B, I], float64)).Item1.dtype);
    }

    [Fact]
    public void BadArguments_Throw_AndNameTheShapes()
    {
        using DisposeScope scope = NewDisposeScope();
        using LSTM lstm = nn.LSTM(I, H);
        using GRUCell cell = nn.GRUCell(I, H);
        Tensor x = randn([T, B, I]);
        Assert.Contains("[7, 3, 11]", Assert.Throws<ArgumentException>(() => lstm.call(randn([T, B, 11]))).Message);
        Assert.Contains("[7, 5]", Assert.Throws<ArgumentException>(() => lstm.call(randn(T, I))).Message);
        Assert.Contains("[1, 3, 2]", Assert.Throws<ArgumentException>(() => lstm.call(x, (zeros([1, B, 11]), zeros([1, B, H])))).Message);
        Assert.Contains("c0", Assert.Throws<ArgumentException>(() => lstm.call(x, (zeros([1, B, H]), zeros([2, B, H])))).Message);
        Assert.Contains("Float64", Assert.Throws<ArgumentException>(() => lstm.call(x, (zeros([1, B, H], float64), zeros([1, B, H])))).Message);
        Assert.Contains("[3, 11]", Assert.Throws<ArgumentException>(() => cell.call(randn(B, 11), null!)).Message);
        Assert.Contains("[3, 2]", Assert.Throws<ArgumentException>(() => cell.call(randn(B, I), zeros(B, 11))).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => nn.LSTM(0, H));
        Assert.Throws<ArgumentOutOfRangeException>(() => nn.RNN(I, H, dropout: 1.5));
    }

    private static nn.Module Make(JsonElement json)
    {
        long inputs = json.GetProperty("I").GetInt64();
        long hidden = json.GetProperty("H").GetInt64();
        long layers = json.GetProperty("layers").GetInt64();
        bool bias = json.GetProperty("bias").GetBoolean();
        bool batchFirst = json.GetProperty("batch_first").GetBoolean();
        bool bidirectional = json.GetProperty("bidirectional").GetBoolean();
        return json.GetProperty("module").GetString() switch
        {
            "LSTM" => nn.LSTM(inputs, hidden, layers, bias, batchFirst, 0, bidirectional, dtype: float64),
            "GRU" => nn.GRU(inputs, hidden, layers, bias, batchFirst, 0, bidirectional, dtype: float64),
            _ => nn.RNN(
                inputs, hidden, layers,
                json.GetProperty("nonlinearity").GetString() == "relu" ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh,
                bias, batchFirst, 0, bidirectional, dtype: float64),
        };
    }

    private static Dictionary<string, Tensor> Run(nn.Module module, Dictionary<string, Tensor> inputs)
    {
        switch (module)
        {
            case LSTM lstm:
                (Tensor output, Tensor hn, Tensor cn) = lstm.call(inputs["input"], (inputs["h0"], inputs["c0"]));
                return new() { ["output"] = output, ["hn"] = hn, ["cn"] = cn };
            case GRU gru:
                (Tensor gruOutput, Tensor gruHn) = gru.call(inputs["input"], inputs["h0"]);
                return new() { ["output"] = gruOutput, ["hn"] = gruHn };
            default:
                (Tensor rnnOutput, Tensor rnnHn) = ((RNN)module).call(inputs["input"], inputs["h0"]);
                return new() { ["output"] = rnnOutput, ["hn"] = rnnHn };
        }
    }

    private static void CopyWeights(nn.Module module, nn.Module cell)
        => cell.load_state_dict(module.state_dict().ToDictionary(entry => entry.Key.Replace("_l0", string.Empty), entry => entry.Value));
}
