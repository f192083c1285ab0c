using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The equations of one direction of one layer against autograd.</summary>
public sealed class LayerBpttTests
{
    public static TheoryData<string, bool> Nets()
    {
        var data = new TheoryData<string, bool>();
        foreach (var (index, cell) in LayerCase.Names.Index())
        {
            data.Add(cell, index % 2 == 0);
        }

        return data;
    }

    public static TheoryData<string, bool, bool, long, long> Layers()
    {
        var data = new TheoryData<string, bool, bool, long, long>();
        foreach (var cell in LayerCase.Names)
        {
            data.Add(cell, false, true, 7, 3);
            data.Add(cell, true, true, 7, 3);
            data.Add(cell, true, false, 5, 2);
            data.Add(cell, false, true, 1, 1);
            data.Add(cell, true, true, 1, 3);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void EveryGradient_EqualsAutograd(string cell, bool reversed, bool bias, long steps, long batch)
    {
        using var scope = NewDisposeScope();
        var layer = LayerCase.Make(cell, steps, batch, bias);
        var (output, final, expected) = layer.ByAutograd(reversed);
        using var noTape = no_grad();
        var equations = new LayerBptt(layer.Cell);
        var run = equations.Forward(layer.Input, layer.Initial, layer.Cell.Weights(), reversed);
        var gradients = equations.Backward(run.Tape!, layer.Cotangents);

        Expect.Close(output, run.Output, 1e-13, "output");
        foreach (var (part, index) in run.Final.Select((part, index) => (part, index)))
        {
            Expect.Close(final[index], part, 1e-13, $"final state {index}");
        }

        Expect.Close(expected, LayerCase.ByName(gradients, layer.Cell.FurtherNames), 1e-12, cell);
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Steps_SplitIntoOutputAndFuture(string cell, bool reversed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = LayerCase.Make(cell);
        var equations = new LayerBptt(layer.Cell);
        var tape = equations.Forward(layer.Input, layer.Initial, layer.Cell.Weights(), reversed).Tape!;
        var steps = equations.Backward(tape, layer.Cotangents).Steps!;
        int TimeOf(int step) => reversed ? 6 - step : step;
        var last = TimeOf(6);

        Expect.Close(layer.DOutput, steps.HFromOutput, 0, "from output");
        Expect.Close(layer.DFinal[0], steps.HFromFuture[last], 0, "from h_n");
        if (layer.Parts > 1)
        {
            Expect.Close(layer.DFinal[1], steps.CFromFuture![last], 0, "from c_n");
        }

        // The backward pass is linear: without a loss on outputs and final state but one output, nothing later is reached.
        var early = zeros_like(layer.DOutput);
        early[TimeOf(2)].copy_(layer.DOutput[2]);
        var reached = equations.Backward(tape, new LayerCotangents(early)).Steps!;
        var future = layer.Cell is LruCell ? reached.CFromFuture! : reached.HFromFuture; // whose h no step reads
        Assert.True(future[TimeOf(1)].abs().max().item<double>() > 0);
        Assert.Equal(0, future[TimeOf(2)].abs().max().item<double>());
        Assert.Equal(0, future[TimeOf(6)].abs().max().item<double>());
    }

    [Fact]
    public void Linear_GradientOfTheInitialState_IsThePowerOfW()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = LayerCase.Make("linear", steps: 7);
        var tape = new LayerBptt(layer.Cell).Forward(layer.Input, layer.Initial, layer.Cell.Weights()).Tape!;
        var gradients = new LayerBptt(layer.Cell).Backward(tape, new LayerCotangents(FinalHidden: layer.DFinal[0]));
        var power = Enumerable.Repeat(layer.Cell.RecurrentWeight!, 7).Aggregate((a, b) => a.mm(b)); // [H, H]
        Expect.Close(layer.DFinal[0].mm(power), gradients.InitialHidden!, 1e-14, "W^7");
    }

    [Fact]
    public void Backward_OfWhatIsNotWanted_IsNull()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = LayerCase.Make("lstm");
        var equations = new LayerBptt(layer.Cell);
        var tape = equations.Forward(layer.Input, layer.Initial, layer.Cell.Weights()).Tape!;
        var before = Expect.LiveTensors;
        var gradients = equations.Backward(tape, layer.Cotangents, WantedGradients.HiddenWeight);
        Assert.Equal(["weight_hh"], LayerCase.ByName(gradients).Keys);
        Assert.Null(gradients.Steps);
        Assert.Equal(before + 1, Expect.LiveTensors);
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Passes_LeaveOnlyTheirResults(string cell, bool reversed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = LayerCase.Make(cell);
        var equations = new LayerBptt(layer.Cell);
        var weights = layer.Cell.Weights();
        var before = Expect.LiveTensors;
        var run = equations.Forward(layer.Input, layer.Initial, weights, reversed);
        Assert.Equal(before + 1 + run.Final.Count + run.Tape!.States.Count + run.Tape.Kept.Count, Expect.LiveTensors); // 1: the output, whose rows the tape has
        before = Expect.LiveTensors;
        equations.Backward(run.Tape, layer.Cotangents);
        var gradients = 1 + layer.Cell.named_parameters().Count() + (3 * layer.Parts); // of the input, of each parameter, of each part of the state: at the start, and at every step from two sides
        Assert.Equal(before + gradients, Expect.LiveTensors);
    }

    [Fact]
    public void Passes_LeaveTheCallersTensorsInTheirScopes()
    {
        using var outer = NewDisposeScope();
        var layer = LayerCase.Make("lstm");
        using (var inner = NewDisposeScope())
        {
            using var noTape = no_grad();
            var dFinal = randn_like(layer.DFinal[0]);
            var tape = new LayerBptt(layer.Cell).Forward(layer.Input, layer.Initial, layer.Cell.Weights()).Tape!;
            new LayerBptt(layer.Cell).Backward(tape, new LayerCotangents(FinalHidden: dFinal));
            Assert.True(inner.Contains(dFinal));
        }

        Assert.All(layer.DFinal.Append(layer.Input), tensor => Assert.True(outer.Contains(tensor)));
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var layer = LayerCase.Make("lstm");
        var equations = new LayerBptt(layer.Cell);
        var weights = layer.Cell.Weights();
        var tape = equations.Forward(layer.Input, layer.Initial, weights).Tape!;

        Expect.Message<ArgumentException>("input: expected [T, B, I] with T above 0 and I = 5, got [7, 3, 4].", () => equations.Forward(zeros(7, 3, 4), layer.Initial, weights));
        Expect.Message<ArgumentException>("initial: expected 2 part(s), got 1.", () => equations.Forward(layer.Input, new RecurrentState(layer.Initial.Hidden), weights));
        Expect.Message<ArgumentException>("W_ih: expected [44, 5], got [33, 5].", () => equations.Forward(layer.Input, layer.Initial, LayerCase.Make("gru").Cell.Weights()));
        Expect.Message<ArgumentException>("weights: expected both biases or none, got one; pass null for both to leave them out.", () => equations.Forward(layer.Input, layer.Initial, weights with { HiddenBias = null }));
        Expect.Message<ArgumentException>("cotangents.Output: expected [7, 3, 11], got [7, 3, 5].", () => equations.Backward(tape, new LayerCotangents(layer.Input)));
        Expect.Message<ArgumentException>("tape: expected 1 state part(s) and 4 kept tensor(s), got 2 and 4; it comes from another cell.", () => new LayerBptt(LayerCase.Make("gru").Cell).Backward(tape, layer.Cotangents));
        Assert.StartsWith("h_0: expected dtype Float64", Assert.Throws<ArgumentException>(() => equations.Forward(layer.Input, layer.Initial.Map(part => part.to(ScalarType.Float32)), weights)).Message, StringComparison.Ordinal);
        Expect.Message<ArgumentException>("weights: expected no W_hh, got one; they are those of another cell.", () => new LayerBptt(LayerCase.Make("mingru").Cell).Forward(layer.Input, new RecurrentState(layer.Initial.Hidden), weights));
        Expect.Message<ArgumentException>("weights.Further: expected 4 tensor(s) (weight_ln_ih, weight_ln_hh, weight_ln_c, bias_ln_c), got 0.", () => new LayerBptt(LayerCase.Make("layernorm-lstm").Cell).Forward(layer.Input, layer.Initial, weights));
        Expect.Message<ArgumentException>("weights.Further: expected 0 tensor(s), got 1.", () => equations.Forward(layer.Input, layer.Initial, weights with { Further = [layer.Input] }));
        Assert.Throws<NotSupportedException>(() => new NetworkBptt(new Recurrent(5, (_, _, size) => new LeakyCell(size, 11))));
    }
}
