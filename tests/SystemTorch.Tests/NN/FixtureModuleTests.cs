using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Modules saved by the genuine TorchSharp load, compute the same, and are written back byte for byte.</summary>
public class FixtureModuleTests
{
    [SkippableTheory]
    [InlineData("linear")]
    [InlineData("linear_f64")]
    [InlineData("embedding")]
    [InlineData("sequential")]
    [InlineData("lstm")]
    [InlineData("rnn_tanh")]
    [InlineData("custom_net")]
    public void SavedModule_Loads_AndIsWrittenBackByteForByte(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        string path = Reference.PathOrSkip("torchsharp", name + ".dat");
        JsonElement expected = Reference.JsonOrSkip("torchsharp", name + ".json").GetProperty("state_dict");
        using nn.Module module = Make(name);
        module.load(path);
        Dictionary<string, Tensor> state = module.state_dict();
        Assert.Equal(expected.EnumerateObject().Select(entry => entry.Name), state.Keys);
        foreach ((string key, Tensor value) in Reference.Tensors(expected))
        {
            Expect.Same(value, state[key], key);
        }

        using var stream = new MemoryStream();
        module.save(stream);
        Assert.Equal(File.ReadAllBytes(path), stream.ToArray());
    }

    [SkippableFact]
    public void Lstm_LoadedFromFile_ComputesOutputsAndGradientsOfTorchSharp()
    {
        using DisposeScope scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("torchsharp", "lstm.json");
        using var module = (TorchSharp.Modules.LSTM)Make("lstm");
        module.load(Reference.PathOrSkip("torchsharp", "lstm.dat"));
        Tensor Read(string key) => Reference.Tensor(json.GetProperty(key));
        Tensor input = Read("input").requires_grad_(); // [5, 3, 8]

        (Tensor y, Tensor hn, Tensor cn) = module.call(input, (Read("h0"), Read("c0")));
        Expect.Close(Read("y"), y, 1e-6, "y");
        Expect.Close(Read("hn"), hn, 1e-6, "hn");
        Expect.Close(Read("cn"), cn, 1e-6, "cn");

        (y.mul(y).sum() + hn.sum() + (2 * cn.sum())).backward();
        Expect.Close(Read("input_grad"), input.grad, 1e-5, "input_grad");
        Dictionary<string, Tensor> gradients = Reference.Tensors(json.GetProperty("grads"));
        Assert.Equal(8, gradients.Count);
        foreach ((string key, Tensor gradient) in gradients)
        {
            Expect.Close(gradient, module.get_parameter(key)!.grad, 1e-5, key);
        }
    }

    [SkippableFact]
    public void Rnn_LoadedFromFile_ComputesOutputsOfTorchSharp()
    {
        using DisposeScope scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("torchsharp", "rnn_tanh.json");
        using var module = (TorchSharp.Modules.RNN)Make("rnn_tanh");
        module.load(Reference.PathOrSkip("torchsharp", "rnn_tanh.dat"));
        (Tensor y, Tensor hn) = module.call(Reference.Tensor(json.GetProperty("input")));
        Expect.Close(Reference.Tensor(json.GetProperty("y")), y, 1e-6, "y");
        Expect.Close(Reference.Tensor(json.GetProperty("hn")), hn, 1e-6, "hn");
    }

    [SkippableFact]
    public void Load_IntoModuleOfAnotherShape_Throws()
    {
        string path = Reference.PathOrSkip("torchsharp", "linear.dat");
        using TorchSharp.Modules.Linear module = nn.Linear(4, 5);
        ArgumentException error = Assert.Throws<ArgumentException>(() => module.load(path));
        Assert.Contains("weight", error.Message);
    }

    private static nn.Module Make(string name) => name switch
    {
        "linear" => nn.Linear(4, 3),
        "linear_f64" => nn.Linear(4, 3, dtype: ScalarType.Float64),
        "embedding" => nn.Embedding(10, 4),
        "sequential" => nn.Sequential(("fc1", nn.Linear(4, 5)), ("act", nn.Tanh()), ("fc2", nn.Linear(5, 2))),
        "lstm" => nn.LSTM(8, 16, 2),
        "rnn_tanh" => nn.RNN(5, 7, 2),
        "custom_net" => new OddNet(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such fixture"),
    };
}
