using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Token ids as input of a module stand for their one-hot vectors.</summary>
public sealed class TokenInputTests
{
    public static TheoryData<string, BackwardPath, ScalarType> Cases()
    {
        var cases = new TheoryData<string, BackwardPath, ScalarType>();
        foreach (var cell in new[] { "vanilla", "lstm", "gru", "layernorm-lstm", "mingru" })
        {
            foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.Native, BackwardPath.HandWritten, BackwardPath.Auto })
            {
                if (path == BackwardPath.Native && cell is ("layernorm-lstm" or "mingru"))
                {
                    continue; // libtorch has no such module
                }

                cases.Add(cell, path, ScalarType.Float32);
                cases.Add(cell, path, ScalarType.Float64);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_EqualTheirOneHotVectors_GradientsToo(string cell, BackwardPath path, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var model = SequenceModel.Create(cell, 13, 11, 2, numLayers: 2, bidirectional: true, dtype: dtype);
        model.Backward = path;
        var tokens = randint(0, 13, new long[] { 7, 5 }, dtype: ScalarType.Int64); // [T, B]
        var weight = randn(7, 5, 22, dtype: dtype);
        var tolerance = dtype == ScalarType.Float64 ? 1e-12 : 2e-5;
        var (expected, expectedGradients) = Run(model.Recurrent, nn.functional.one_hot(tokens, 13).to(dtype), weight);
        var (got, gradients) = Run(model.Recurrent, tokens, weight);
        Expect.Close(expected, got, tolerance, "output");
        foreach (var (want, have) in expectedGradients.Zip(gradients))
        {
            Expect.Close(want, have, tolerance * 10, "gradient");
        }
    }

    [Fact]
    public void Tokens_BatchFirst_AreReadBySequence()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(13, 11, batchFirst: true, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var tokens = randint(0, 13, new long[] { 5, 7 }, dtype: ScalarType.Int64); // [B, T]
        var expected = net.Run(nn.functional.one_hot(tokens, 13).to(ScalarType.Float64)).Output;
        Expect.Close(expected, net.Run(tokens).Output, 1e-12, "contiguous");
        Expect.Close(expected, net.Run(tokens.t().contiguous().t()).Output, 1e-12, "transposed");
        Expect.Close(expected.narrow(0, 1, 3), net.Run(tokens.narrow(0, 1, 3)).Output, 1e-12, "a view");
    }

    [Fact]
    public void Tokens_DifferentiatedTwice_EqualOneHotVectors()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 3, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var tokens = tensor(new long[] { 4, 0, 1, 3, 3, 2 }).reshape(3, 2); // [T, B]
        var expected = SecondGradient(net, nn.functional.one_hot(tokens, 5).to(ScalarType.Float64));
        Expect.Close(expected, SecondGradient(net, tokens), 1e-12, "second gradient");
        Assert.True(expected.abs().sum().item<double>() > 0);
    }

    [Fact]
    public void WrongTokens_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(4, 3);
        using var batchFirst = new Gru(4, 3, batchFirst: true);
        Expect.Message<ArgumentException>("input: expected token ids from 0 to 3, got values from 0 to 4.", () => net.Run(tensor(new long[] { 0, 4 }).reshape(2, 1)));
        Expect.Message<ArgumentException>("input: expected token ids from 0 to 3, got values from -1 to 2.", () => net.Run(tensor(new long[] { 2, -1 }).reshape(2, 1)));
        Expect.Message<ArgumentException>("input: expected token ids from 0 to 3, got values from 1 to 4.", () => net.Run(tensor(new long[] { 1, 0, 4, 0 }).reshape(2, 2).narrow(1, 0, 1)));
        Expect.Message<ArgumentException>("input: expected token ids [T, B] with T above 0, got [0, 2].", () => net.Run(zeros(0, 2, dtype: ScalarType.Int64)));
        Expect.Message<ArgumentException>("input: expected token ids [B, T] with T above 0, got [2, 0].", () => batchFirst.Run(zeros(2, 0, dtype: ScalarType.Int64)));
        Expect.Message<ArgumentException>("h0: expected dtype Float32 as the input's, got Float64; convert it with .to(dtype).", () => net.call(zeros(2, 1, dtype: ScalarType.Int64), zeros(1, 1, 3, dtype: ScalarType.Float64)));
        Expect.Message<ArgumentException>("input: expected features, or token ids of dtype Int64, got [3, 2] of dtype Int32; convert ids with .to(ScalarType.Int64).", () => net.call(tensor(new int[3, 2])));
        Assert.Equal([2, 0, 3], net.Run(zeros(2, 0, dtype: ScalarType.Int64)).Output.shape);
    }

    private static (Tensor Output, Tensor[] Gradients) Run(IRecurrentModule net, Tensor input, Tensor weight)
    {
        var output = net.Run(input).Output;
        var parameters = ((nn.Module)net).parameters().ToArray();
        return (output, [.. autograd.grad([output.mul(weight).sum()], parameters)]);
    }

    private static Tensor SecondGradient(IRecurrentModule net, Tensor input)
    {
        var parameters = ((nn.Module)net).parameters().ToArray();
        var first = autograd.grad([net.Run(input).Output.pow(2).sum()], parameters, create_graph: true, retain_graph: true);
        return autograd.grad([first[0].pow(2).sum()], [parameters[1]])[0];
    }
}
