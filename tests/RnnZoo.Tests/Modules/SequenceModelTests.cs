using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

public sealed class SequenceModelTests
{
    public static TheoryData<string> Names => [.. SequenceModel.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Output_IsTheReadoutOfTheNetsOutput(string cell)
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create(cell, 5, 11, 2, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64);
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        var state = model.Recurrent.ZeroState(3).Map(part => randn_like(part));
        var (hidden, final) = model.Recurrent.Run(x, state);
        var (output, modelState) = model.call(x, state);
        var expected = hidden.view(21, 22).mm(model.get_parameter("readout.weight")!.t()).add(model.get_parameter("readout.bias")!).view(7, 3, 2);
        Expect.Close(expected, output, 1e-12, "output");
        foreach (var (want, got) in final.Zip(modelState))
        {
            Expect.Close(want, got, 0, "state");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void CountOf_IsWhatCreateMakes(string cell)
    {
        foreach (var (inputs, hidden, outputs, layers, embedding) in new[] { (5, 11, 2, 1, 0), (5, 11, 2, 2, 0), (31, 29, 3, 3, 0), (29, 31, 7, 4, 13), (1, 1, 1, 2, 1) })
        {
            using var model = SequenceModel.Create(cell, inputs, hidden, outputs, layers, embedding > 0 ? InputEncoding.Embedding : InputEncoding.OneHot, embedding > 0 ? embedding : null);

            Assert.Equal(model.parameters().Sum(parameter => parameter.numel()), SequenceModel.CountOf(cell, inputs, hidden, outputs, layers, embedding > 0 ? embedding : null));
        }
    }

    [Theory]
    [InlineData(InputEncoding.OneHot)]
    [InlineData(InputEncoding.Embedding)]
    public void Tokens_AreEncodedByTheirIds(InputEncoding encoding)
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("gru", 4, 11, 2, encoding: encoding, embeddingSize: 3, dtype: ScalarType.Float64);
        var tokens = tensor(new long[] { 3, 0, 1, 2, 2, 3 }).reshape(3, 2); // [T, B]
        var table = encoding == InputEncoding.OneHot ? eye(4, dtype: ScalarType.Float64) : model.get_parameter("embedding.weight")!;
        var features = table.index_select(0, tokens.reshape(-1)).view(3, 2, -1);
        var (hidden, _) = model.Recurrent.Run(features);
        var expected = hidden.view(6, 11).mm(model.get_parameter("readout.weight")!.t()).add(model.get_parameter("readout.bias")!).view(3, 2, 2);
        Expect.Close(expected, model.call(tokens).Output, 1e-12, "output");
    }

    [Fact]
    public void State_CarriedAcrossChunks_EqualsOneRun()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("lstm", 5, 11, 2, numLayers: 2, dtype: ScalarType.Float64);
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        var whole = model.call(x).Output;
        var (first, state) = model.call(x.narrow(0, 0, 3));
        var (second, _) = model.call(x.narrow(0, 3, 4), state.Detach());
        Expect.Close(whole, cat(new[] { first, second }, 0), 1e-12, "output");
        Assert.False(state.Detach().Hidden.requires_grad);
    }

    [Fact]
    public void Keys_AreOnePerPart()
    {
        using var model = SequenceModel.Create("lstm", 10, 11, 9, encoding: InputEncoding.Embedding);
        Assert.Equal(
            [
                "embedding.weight", "readout.bias", "readout.weight",
                "recurrent.bias_hh_l0", "recurrent.bias_ih_l0", "recurrent.weight_hh_l0", "recurrent.weight_ih_l0",
            ],
            model.state_dict().Keys.Order(StringComparer.Ordinal));
        Assert.Equal(7, model.parameters().Count());
    }

    [Fact]
    public void CustomCell_TrainsInAModel()
    {
        using var scope = NewDisposeScope();
        using var model = new SequenceModel(new Recurrent(3, (_, _, size) => new LeakyCell(size, 7)), 2);
        var (output, state) = model.call(randn(5, 2, 3, dtype: ScalarType.Float64));
        output.sum().backward();
        Assert.Equal(2, state.Count);
        Assert.All(model.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        Expect.Message<ArgumentException>($"cellName: expected one of {string.Join(", ", SequenceModel.Names)}, got 'LSTM'.", () => SequenceModel.Create("LSTM", 2, 3, 4));
        Expect.Message<ArgumentException>("outputSize: expected a size above 0, got 0.", () => SequenceModel.Create("lstm", 2, 3, 0));
        Expect.Message<ArgumentException>(
            "activation: expected none for 'gru', got Relu; only a vanilla net has a choice.",
            () => SequenceModel.Create("gru", 2, 3, 4, activation: Activation.Relu));
        using var net = new Gru(2, 3);
        Expect.Message<ArgumentException>(
            "vocabularySize: expected the number of token ids for an embedding, got null.",
            () => new SequenceModel(net, 2, InputEncoding.Embedding));
        using var tokens = SequenceModel.Create("gru", 4, 3, 2, encoding: InputEncoding.OneHot);
        Expect.Message<ArgumentException>(
            "input: expected token ids from 0 to 3, got values from 0 to 4.",
            () => tokens.call(tensor(new long[] { 0, 4 }).reshape(2, 1)));
        Expect.Message<ArgumentException>(
            "input: expected token ids [T, B] of dtype Int64, got [2, 1] of dtype Float32; convert ids with .to(ScalarType.Int64).",
            () => tokens.call(zeros(2, 1)));
        using var features = SequenceModel.Create("gru", 4, 3, 2);
        Expect.Message<ArgumentException>("input: expected [T, B, I] with I = 4, got [7, 1, 3].", () => features.call(zeros(7, 1, 3)));
    }
}
