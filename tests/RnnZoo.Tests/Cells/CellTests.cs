using System.Runtime.InteropServices;
using RnnZoo.Cells;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cells;

/// <summary>Cells by themselves, as nn.RNNCell, nn.LSTMCell and nn.GRUCell.</summary>
public sealed class CellTests
{
    private const long T = 7;
    private const long B = 3;
    private const long I = 5;
    private const long H = 11;

    private static readonly string[] Names = ["tanh", "relu", "lstm", "gru"];

    /// <summary>Every cell of torch.nn: name, bias, whether there is a batch, whether a state is given.</summary>
    public static TheoryData<string, bool, bool, bool> Cells()
    {
        var data = new TheoryData<string, bool, bool, bool>();
        foreach (var name in Names)
        {
            data.Add(name, true, true, true);
            data.Add(name, true, true, false);
            data.Add(name, true, false, true);
            data.Add(name, true, false, false);
            data.Add(name, false, true, true);
            data.Add(name, false, false, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Steps_OutputsAndAllGradients_EqualTorchs(string name, bool bias, bool batched, bool stateGiven)
    {
        using var scope = NewDisposeScope();
        using var theirs = Theirs(name, bias);
        using var ours = Ours(name, bias);
        Expect.Close(theirs.Module.state_dict(), ours.Module.state_dict(), 0, "initial values");
        var (from, to) = stateGiven ? (theirs, ours) : (ours, theirs); // weights travel both ways
        from.Module.load_state_dict(from.Module.state_dict().ToDictionary(item => item.Key, item => randn_like(item.Value).detach()));
        to.Module.load_state_dict(from.Module.state_dict());
        long[] rows = batched ? [B] : [];
        var parts = name == "lstm" ? 2 : 1;
        Tensor[] states = [.. Enumerable.Range(0, stateGiven ? parts : 0).Select(_ => Random([.. rows, H]))];
        Tensor[] cotangents = [Random([T, .. rows, H]), .. Enumerable.Range(0, parts).Select(_ => Random([.. rows, H]))];
        var x = Random([T, .. rows, I]);

        var expected = theirs.RunAndDifferentiate(x, states, cotangents);
        var actual = ours.RunAndDifferentiate(x, states, cotangents);

        for (var part = 0; part < cotangents.Length; part++)
        {
            Expect.Close(expected.Outputs[part], actual.Outputs[part], 1e-12, $"output {part}");
        }

        Assert.Equal((bias ? 5 : 3) + states.Length, actual.Gradients.Count);
        Expect.Close(expected.Gradients, actual.Gradients, 1e-12, "gradient");
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("relu")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void SecondDerivative_EqualsTorchs(string name)
    {
        using var scope = NewDisposeScope();
        var (at, cotangent, direction) = (Random(T, B, I), Random(T, B, H), Random(T, B, I));
        using var theirs = Theirs(name, bias: true); // of the same seed
        using var ours = Ours(name, bias: true);
        var (expected, actual) = (Second(theirs), Second(ours));
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.True(expected[index].abs().max().item<double>() > 0);
            Expect.Close(expected[index], actual[index], 1e-12, $"{index}");
        }

        // of ⟨∂L/∂x, v⟩, by x and by both weights
        Tensor[] Second(RunnableNet net)
        {
            var x = at.detach().clone().requires_grad_();
            var loss = net.Run(x, [])[0].square().mul(cotangent).sum();
            var gradient = autograd.grad([loss], [x], retain_graph: true, create_graph: true)[0];
            return [.. autograd.grad([gradient.mul(direction).sum()], [x, net.Module.get_parameter("weight_ih")!, net.Module.get_parameter("weight_hh")!])];
        }
    }

    [Fact]
    public void Forward_TakesAndGivesTheTuplesOfCall_AndLeavesOnlyTheResult()
    {
        using var scope = NewDisposeScope();
        using var vanilla = new VanillaRnnCell(I, H);
        using var gru = new GruCell(I, H);
        using var lstm = new LstmCell(I, H);
        var (x, h, c) = (randn(I), randn(H), randn(H));
        var before = Expect.LiveTensors;
        Tensor[] forward = [vanilla.forward(input: x, h0: h), gru.forward(x, h), lstm.forward(x, (h, c)).Item2];
        Assert.Equal(before + 4, Expect.LiveTensors);
        Tensor[] called = [vanilla.call(input: x, h0: h), gru.call(x, h), lstm.call(x, h0_c0: (h, c)).Item2];
        foreach (var (one, other) in forward.Zip(called))
        {
            Expect.Close(other, one, 0, "forward");
        }
    }

    [Fact]
    public void Linear_StepsByTheMatricesAlone()
    {
        using var scope = NewDisposeScope();
        using var cell = new VanillaRnnCell(I, H, Activation.Linear, bias: false);
        var (x, h) = (randn(B, I), randn(B, H));
        Expect.Close(x.mm(cell.weight_ih.t()).add(h.mm(cell.weight_hh.t())), cell.call(x, h), 1e-6, "h");
    }

    [Fact]
    public void LoadStateDict_BroadcastableShape_Throws()
    {
        using var scope = NewDisposeScope();
        using var cell = new GruCell(I, H);
        var source = cell.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        source["bias_hh"] = ones(1);
        Expect.Message<ArgumentException>(
            "bias_hh: expected shape [33], got [1]; the state dict comes from a module of other sizes.",
            () => cell.load_state_dict(source));
    }

    [Fact]
    public void NativeLstmCell_WithoutAState_IsRefusedByLibtorch()
    {
        using var scope = NewDisposeScope();
        using var native = nn.LSTMCell(I, H);
        var x = randn(B, I);
        Assert.Contains("hidden0 batch size 0", Assert.Throws<ExternalException>(() => native.call(x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cell_AsAChild_RegistersItsParametersOnce()
    {
        using var parent = new Parent();
        Assert.Equal(
            ["cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh"],
            parent.state_dict().Keys);
    }

    [Fact]
    public void Cell_Converted_StepsInTheNewType()
    {
        using var scope = NewDisposeScope();
        using var parent = new Parent();
        parent.to(ScalarType.Float64);
        Assert.All(parent.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        var h = parent.forward(Random(B, I));
        h.sum().backward();
        Assert.All(parent.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Fact]
    public void Cell_MadeInAScope_KeepsItsParameters()
    {
        LstmCell cell;
        using (NewDisposeScope())
        {
            cell = new LstmCell(I, H);
        }

        using (cell)
        using (NewDisposeScope())
        {
            Assert.Equal([B, H], cell.call(zeros(B, I)).Item1.shape);
        }
    }

    [Fact]
    public void Weight_SetToAnotherShape_Throws()
    {
        using var scope = NewDisposeScope();
        using var cell = new GruCell(I, H);
        Expect.Message<ArgumentException>(
            "weight_hh: expected shape [33, 11], got [11, 33].",
            () => cell.weight_hh = new TorchSharp.Modules.Parameter(zeros(11, 33)));
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private static RunnableNet Theirs(string name, bool bias)
    {
        manual_seed(7);
        if (name == "lstm")
        {
            var lstm = nn.LSTMCell(I, H, bias, dtype: ScalarType.Float64);
            return Chain(lstm, (x, s) => Parts(lstm.call(x, (s[0], s[1]))), parts: 2);
        }

        nn.Module<Tensor, Tensor, Tensor> cell = name == "gru"
            ? nn.GRUCell(I, H, bias, dtype: ScalarType.Float64)
            : nn.RNNCell(I, H, NonLinearity(name), bias, dtype: ScalarType.Float64);
        return Chain(cell, (x, s) => [cell.call(x, s[0])], parts: 1);
    }

    private static RunnableNet Ours(string name, bool bias)
    {
        manual_seed(7);
        switch (name)
        {
            case "lstm":
                var lstm = new LstmCell(I, H, bias, dtype: ScalarType.Float64);
                return Chain(lstm, (x, s) => Parts(lstm.call(x, s.Length == 0 ? null : (s[0], s[1]))), parts: 0);
            case "gru":
                var gru = new GruCell(I, H, bias, dtype: ScalarType.Float64);
                return Chain(gru, (x, s) => [gru.call(x, s.FirstOrDefault())], parts: 0);
            default:
                var vanilla = new VanillaRnnCell(I, H, NonLinearity(name), bias, dtype: ScalarType.Float64);
                return Chain(vanilla, (x, s) => [vanilla.call(x, s.FirstOrDefault())], parts: 0);
        }
    }

    // h of every step and the last state; where torch's cells refuse a null state they are given zeros.
    private static RunnableNet Chain(nn.Module cell, Func<Tensor, Tensor[], Tensor[]> step, int parts) => new(cell, (x, state) =>
    {
        state = state.Length > 0 ? state : [.. Enumerable.Range(0, parts).Select(_ => zeros([.. x.shape[1..^1], H], dtype: x.dtype))];
        var hidden = new List<Tensor>();
        foreach (var now in x.unbind(0))
        {
            state = step(now, state);
            hidden.Add(state[0]);
        }

        return [stack(hidden, 0), .. state];
    });

    private static nn.NonLinearities NonLinearity(string name) => name == "relu" ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh;

    private static Tensor[] Parts((Tensor, Tensor) state) => [state.Item1, state.Item2];

    private sealed class Parent : nn.Module<Tensor, Tensor>
    {
        private readonly LstmCell cell = new(I, H);

        public Parent() : base(nameof(Parent)) => RegisterComponents();

        public override Tensor forward(Tensor x) => cell.call(x).Item1;
    }
}
