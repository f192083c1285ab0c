using System.Text.Json;
using SystemTorch.Tests.NN;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Optim;

/// <summary>Optimizer states: those of the genuine TorchSharp, and what saving and loading promise.</summary>
public class OptimizerStateTests
{
    [SkippableTheory]
    [InlineData("adam_state")]
    [InlineData("sgd_momentum_state")]
    public void Training_AsInTheFixture_GivesTorchSharpsWeightsAndStateFile(string name)
    {
        using var scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("torchsharp", name + ".json");
        using Linear module = nn.Linear(4, 3);
        module.load_state_dict(Reference.Tensors(json.GetProperty("init")));
        using OptimizerHelper optimizer = Make(name, module.parameters());
        Tensor x = Reference.Tensor(json.GetProperty("x"));
        Tensor target = Reference.Tensor(json.GetProperty("target"));
        List<double> losses = [];
        for (int step = 0; step < 3; step++)
        {
            optimizer.zero_grad();
            Tensor loss = nn.functional.mse_loss(module.call(x), target);
            loss.backward();
            optimizer.step();
            losses.Add(loss.item<float>());
        }

        foreach ((string key, Tensor after) in Reference.Tensors(json.GetProperty("after")))
        {
            Expect.Close(after, module.get_parameter(key), 1e-6, key);
        }

        if (json.TryGetProperty("losses", out JsonElement expected))
        {
            Assert.All(expected.EnumerateArray().Zip(losses), pair => Assert.Equal(pair.First.GetDouble(), pair.Second, 1e-6));
        }

        using Linear other = nn.Linear(4, 3);
        using OptimizerHelper loaded = Make(name, other.parameters());
        loaded.load_state_dict(Reference.PathOrSkip("torchsharp", name + ".dat"));
        Assert.All(optimizer.state_dict().State.Zip(loaded.state_dict().State), pair => Assert.True(pair.First.ApproximatelyEquals(pair.Second)));
    }

    [SkippableTheory]
    [InlineData("adam_state")]
    [InlineData("sgd_momentum_state")]
    public void SavedState_Loads_AndIsWrittenBackByteForByte(string name)
    {
        using var scope = NewDisposeScope();
        string path = Reference.PathOrSkip("torchsharp", name + ".dat");
        using Linear module = nn.Linear(4, 3);
        using OptimizerHelper optimizer = Make(name, module.parameters());
        optimizer.load_state_dict(path);
        Assert.Equal(File.ReadAllBytes(path), Bytes(optimizer));
    }

    [SkippableFact]
    public void AdamState_Loaded_HoldsWhatTheFixtureSays()
    {
        using var scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("torchsharp", "adam_state.json");
        using Linear module = nn.Linear(4, 3);
        using OptimizerHelper optimizer = Make("adam_state", module.parameters());
        optimizer.load_state_dict(Reference.PathOrSkip("torchsharp", "adam_state.dat"));
        JsonElement[] expected = [.. json.GetProperty("adam_states").EnumerateArray()];
        Assert.Equal(2, expected.Length);
        foreach ((JsonElement wanted, OptimizerState got) in expected.Zip(optimizer.state_dict().State))
        {
            var state = Assert.IsType<Adam.State>(got);
            Assert.Equal(wanted.GetProperty("step").GetInt64(), state.step);
            Expect.Same(Reference.Tensor(wanted.GetProperty("exp_avg")), state.exp_avg);
            Expect.Same(Reference.Tensor(wanted.GetProperty("exp_avg_sq")), state.exp_avg_sq);
        }
    }

    public static TheoryData<string> Kinds => new("sgd", "adam", "adam-plain", "adamw", "rmsprop", "rmsprop-plain", "adagrad");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void SaveAndLoad_InTheMiddle_ContinueToTheSameNumbers(string kind)
    {
        using var scope = NewDisposeScope();
        using var straight = new Parameter(randn([3, 5], float64));
        using var resumed = new Parameter(straight.detach().clone());
        Tensor[] gradients = [.. Enumerable.Range(0, 6).Select(_ => randn([3, 5], float64))];
        using OptimizerHelper whole = Make(kind, [straight]);
        using OptimizerHelper first = Make(kind, [resumed]);
        Steps(whole, straight, gradients);
        Steps(first, resumed, gradients[..3]);

        using OptimizerHelper second = Make(kind, [resumed], lr: 0.5);
        second.load_state_dict(new BinaryReader(new MemoryStream(Bytes(first))));
        Assert.Equal(Bytes(first), Bytes(second));
        using OptimizerHelper third = Make(kind, [resumed], lr: 0.5);
        third.load_state_dict(second.state_dict());
        Assert.Equal(Bytes(first), Bytes(third));
        first.Dispose();
        second.Dispose();
        Steps(third, resumed, gradients[3..]);
        Expect.Same(straight, resumed);
    }

    [Fact]
    public void Load_OfAnotherKindOrCountOrShape_Throws()
    {
        using var a = new Parameter(randn(3, 5));
        using var b = new Parameter(randn(7));
        using OptimizerHelper adam = optim.Adam([a]);
        using OptimizerHelper sgd = optim.SGD([a], 0.1);
        using OptimizerHelper two = optim.Adam([a, b]);
        using OptimizerHelper other = optim.Adam([b]);
        byte[] saved = Bytes(adam);
        Assert.Contains("'Adam'", Assert.Throws<InvalidDataException>(() => sgd.load_state_dict(new BinaryReader(new MemoryStream(saved)))).Message);
        Assert.Throws<ArgumentException>(() => two.load_state_dict(new BinaryReader(new MemoryStream(saved))));
        Assert.Throws<ArgumentException>(() => other.load_state_dict(new BinaryReader(new MemoryStream(saved))));
        Assert.Throws<ArgumentException>(() => adam.load_state_dict(sgd.state_dict()));
    }

    [Fact]
    public void Groups_HaveOptionsOfTheirOwn_AndTakeTheDefaultsForTheRest()
    {
        using var scope = NewDisposeScope();
        using var a = new Parameter(zeros(3));
        using var b = new Parameter(zeros(5));
        using SGD optimizer = optim.SGD([new SGD.ParamGroup([a], lr: 0.5), new SGD.ParamGroup { Parameters = [b] }], 0.1);
        Assert.Equal([0.5, 0.1], optimizer.ParamGroups.Select(group => group.LearningRate));
        a.grad = ones(3);
        b.grad = ones(5);
        optimizer.step();
        Expect.Close(full([3], -0.5f), a, 1e-7);
        Expect.Close(full([5], -0.1f), b, 1e-7);
        Assert.Equal([[0], [1]], optimizer.state_dict().StateIndexRef);
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new SGD.ParamGroup([a])));
        Assert.Throws<ArgumentException>(() => optimizer.add_param_group(new Adam.ParamGroup([new Parameter(zeros(2))], lr: 0.1)));
    }

    [Fact]
    public void Step_WithClosure_ComputesTheLossOnTheTape_AndReturnsIt()
    {
        using var scope = NewDisposeScope();
        using var a = new Parameter(ones(3));
        using SGD optimizer = optim.SGD([a], 0.25);
        Tensor loss = optimizer.step(() =>
        {
            optimizer.zero_grad();
            Tensor value = (a * a).sum();
            value.backward();
            return value;
        });
        Assert.Equal(3, loss.item<float>());
        Expect.Close(full([3], 0.5f), a, 1e-7);
    }

    [Fact]
    public void ZeroGrad_FillsZeros_AndLeavesMissingGradientsMissing()
    {
        using var scope = NewDisposeScope();
        using var a = new Parameter(ones(3));
        using var b = new Parameter(ones(3));
        using OptimizerHelper optimizer = optim.Adam([a, b]);
        a.grad = ones(3);
        optimizer.zero_grad();
        Expect.Same(zeros(3), a.grad);
        Assert.Null(b.grad);
    }

    [Fact]
    public void Step_AfterTheModuleWasConverted_ThrowsAndSaysWhy()
    {
        using var scope = NewDisposeScope();
        using Linear module = nn.Linear(3, 2);
        using OptimizerHelper optimizer = optim.Adam(module.parameters());
        module.@double();
        module.call(randn([5, 3], float64)).sum().backward();
        Assert.Contains("make the optimizer afterwards", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message);
    }

    [Fact]
    public void BadOptions_Throw()
    {
        using var a = new Parameter(ones(3));
        Assert.Throws<ArgumentException>(() => optim.Adam([a], lr: -1));
        Assert.Throws<ArgumentException>(() => optim.Adam([a], beta1: 1));
        Assert.Throws<ArgumentException>(() => optim.SGD([a], 0.1, nesterov: true));
        Assert.Throws<ArgumentException>(() => optim.RMSProp([a], eps: double.NaN));
    }

    private static OptimizerHelper Make(string kind, IEnumerable<Parameter> parameters, double lr = 0.05) => kind switch
    {
        "adam_state" => optim.Adam(parameters, lr: 0.05, weight_decay: 0.01),
        "sgd_momentum_state" => optim.SGD(parameters, 0.1, momentum: 0.9),
        "sgd" => optim.SGD(parameters, lr, momentum: 0.9, weight_decay: 0.1),
        "adam" => optim.Adam(parameters, lr, weight_decay: 0.1, amsgrad: true),
        "adam-plain" => optim.Adam(parameters, lr),
        "adamw" => optim.AdamW(parameters, lr, weight_decay: 0.1),
        "rmsprop" => optim.RMSProp(parameters, lr, momentum: 0.9, centered: true),
        "rmsprop-plain" => optim.RMSProp(parameters, lr),
        "adagrad" => optim.Adagrad(parameters, lr, lr_decay: 0.1, initial_accumulator_value: 0.5),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such optimizer"),
    };

    private static void Steps(OptimizerHelper optimizer, Parameter parameter, IEnumerable<Tensor> gradients)
    {
        foreach (Tensor gradient in gradients)
        {
            parameter.grad = gradient;
            optimizer.step();
        }
    }

    private static byte[] Bytes(OptimizerHelper optimizer)
    {
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        return stream.ToArray();
    }
}
