using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

public class ExactBpttTests
{
    private const long T = 23;
    private const long B = 3;

    public static TheoryData<string, BackwardPath, int> Nets => LoaderTests.Nets;

    [Theory]
    [MemberData(nameof(Nets))]
    public void Backward_AnySegmentLength_EqualsFullBptt(string cell, BackwardPath path, int layers)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, 5, 7, 2, layers, path);
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        var (output, state) = model.call(input);
        var loss = nn.functional.mse_loss(output, target, nn.Reduction.Sum);
        Gradient.Backward(loss);
        var expected = SampleStreams.TakeGradients(model);

        var tolerance = cell == "layernorm-lstm" ? 1e-11 : 1e-12; // a normalisation of 7 numbers divides by what may be a small deviation
        foreach (var length in new long[] { 1, 2, 5, 11, 22, 23, 100 })
        {
            var result = ExactBptt.Backward(model, new TensorStreams(input, target), (y, d) => nn.functional.mse_loss(y, d, nn.Reduction.Sum), new() { SegmentLength = length });

            Assert.Equal((Math.Min(length, T), (int)Math.Ceiling(T / (double)length)), (result.SegmentLength, result.Segments));
            Assert.Equal(loss.item<double>(), result.Loss, 1e-11);
            Assert.All(state.Zip(result.FinalState), parts => Expect.Close(parts.First, parts.Second, 1e-12, "final state"));
            Expect.Close(expected, SampleStreams.TakeGradients(model), tolerance, $"segments of {length}");
        }
    }

    [Fact]
    public void Backward_OfCotangents_GivesInputAndParametersTheirGradients()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 7, 2, dtype: ScalarType.Float64);
        var (input, cotangent) = SampleStreams.Random(T, B, 5, 7);
        input.requires_grad_();
        Gradient.Backward(net.Run(input).Output.mul(cotangent).sum());
        var (expected, expectedInput) = (SampleStreams.TakeGradients(net), input.grad!.clone());
        input.grad!.zero_();

        ExactBptt.Backward(net, input, cotangent, new() { SegmentLength = 4 });

        Expect.Close(expected, SampleStreams.TakeGradients(net), 1e-12, "parameters");
        Expect.Close(expectedInput, input.grad!, 1e-12, "input");
    }

    [Fact]
    public void Backward_AUsersCellWithALearnedStateAndDocuments_EqualsOneChunkOfAll()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(5, (_, _, size) => new LeakyCell(size, 7));
        var learned = net.StateSizes.Select(size => randn(1, 1, size, dtype: ScalarType.Float64).requires_grad_()).ToArray();
        var (input, target) = SampleStreams.Random(T, B, 5, 7);
        var flags = rand(T, B).lt(0.2);
        RecurrentState Initial(long streams) => new([.. learned.Select(part => part.expand(1, streams, part.shape[2]))]);
        using (var loader = new TruncatedBpttLoader(new TensorStreams(input, target, flags), new() { ChunkLength = (int)T, InitialState = Initial }))
        {
            foreach (var chunk in loader)
            {
                Gradient.Backward(chunk.Run(net).mul(chunk.Target).sum());
            }
        }

        var expected = SampleStreams.TakeGradients(net);
        var expectedLearned = learned.Select(part => part.grad!.clone()).ToArray();
        foreach (var part in learned)
        {
            part.grad!.zero_();
        }

        ExactBptt.Backward(net, new TensorStreams(input, target, flags), (y, d) => y.mul(d).sum(), new() { SegmentLength = 5, InitialState = Initial });

        Expect.Close(expected, SampleStreams.TakeGradients(net), 1e-12, "parameters");
        Assert.All(expectedLearned.Zip(learned), pair => Expect.Close(pair.First, pair.Second.grad!, 1e-12, "learned state"));
    }

    [Fact]
    public void Backward_WithDropout_DrawsTheSameNumbersAgain()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 7, 3, dropout: 0.4, dtype: ScalarType.Float64);
        var (input, cotangent) = SampleStreams.Random(T, B, 5, 7);
        manual_seed(5);
        ExactBptt.Backward(net, input, cotangent, new() { SegmentLength = T });
        // One call draws other masks than several, so the reference runs the same pieces with one tape over all.
        SampleStreams.TakeGradients(net);
        manual_seed(5);
        RecurrentState? state = null;
        var outputs = new List<Tensor>();
        for (var start = 0L; start < T; start += 5)
        {
            (var output, state) = net.Run(input.narrow(0, start, Math.Min(5, T - start)), state);
            outputs.Add(output);
        }

        Gradient.Backward(cat(outputs, 0).mul(cotangent).sum());
        var (expected, next) = (SampleStreams.TakeGradients(net), rand(3));

        manual_seed(5);
        ExactBptt.Backward(net, input, cotangent, new() { SegmentLength = 5 });
        Expect.Close(expected, SampleStreams.TakeGradients(net), 1e-12, "parameters");
        Expect.Close(next, rand(3), 0, "random numbers drawn afterwards");
    }

    [Fact]
    public void Backward_AddsToTheGradientsThatAreThere()
    {
        using var scope = NewDisposeScope();
        using var net = new VanillaRnn(5, 7, dtype: ScalarType.Float64);
        var (input, cotangent) = SampleStreams.Random(T, B, 5, 7);
        ExactBptt.Backward(net, input, cotangent);
        var once = net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.mul(2));
        ExactBptt.Backward(net, input, cotangent);
        Expect.Close(once, SampleStreams.TakeGradients(net), 1e-12, "twice");
    }

    [Fact]
    public void Backward_LeavesOnlyGradientsAndTheFinalState()
    {
        using var net = new Lstm(5, 7, 2);
        using var input = randn(T, B, 5);
        using var cotangent = randn(T, B, 7);
        using (NewDisposeScope())
        {
            ExactBptt.Backward(net, input, cotangent, new() { SegmentLength = 4 });
        }

        var live = Expect.LiveTensors;
        using (NewDisposeScope())
        {
            var before = Expect.LiveTensors;
            ExactBptt.Backward(net, input, cotangent, new() { SegmentLength = 4 });
            Assert.Equal(before + 2, Expect.LiveTensors);
            Assert.Throws<ArgumentException>(() => ExactBptt.Backward(net, new TensorStreams(input, cotangent), (y, _) => y, new() { SegmentLength = 4 }));
            Assert.Equal(before, Expect.LiveTensors); // the memory of both layers' next pass was this one's, and died with its graph
        }

        Assert.Equal(live - 2, Expect.LiveTensors);
    }

    [Theory]
    [InlineData(10_000, 20_480, 100_000, null, 90)]
    [InlineData(10_000, 20_480, 100_000, 50_000_000L, 495)]
    [InlineData(10_000, 20_480, 100_000, 2_000_000_000L, 10_000)]
    [InlineData(10_000, 20_480, 100_000, 999_999_999L, 9_999)]
    [InlineData(7, 1_000_000, 1, null, 7)]
    [InlineData(7, 1, 1_000_000, null, 1)]
    public void Length_OfABudget_IsTheLongestThatFits(long steps, long state, long step, long? budget, long expected)
    {
        var length = SegmentChoice.Length(steps, state, step, budget);
        long Bytes(long s) => (s * step) + ((steps - 1) / s * state);
        if (budget is { } bytes)
        {
            Assert.True(Bytes(length) <= bytes);
            Assert.True(length == steps || Bytes(length + 1) > bytes);
        }

        Assert.Equal(expected, length);
    }

    [Fact]
    public void Options_ThatDoNotFit_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 7);
        using var batchFirst = new Lstm(5, 7, batchFirst: true);
        var (input, cotangent) = (randn(T, B, 5), randn(T, B, 7));
        void Refused(string message, ExactBpttOptions options, IRecurrentModule? module = null) =>
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => ExactBptt.Backward(module ?? net, input, cotangent, options)).Message);

        Refused("BudgetBytes: expected at least 1, or null, got 0.", new() { BudgetBytes = 0 });
        Refused("SegmentLength: expected at least 1, or null, got -1.", new() { SegmentLength = -1 });
        Refused("BudgetBytes: expected null where SegmentLength says how long segments are, got 100 and 5.", new() { BudgetBytes = 100, SegmentLength = 5 });
        Refused("BudgetBytes: expected at least ", new() { BudgetBytes = 100 });
        Refused("model: expected one with time first", new(), batchFirst);
        Assert.StartsWith("BytesPerStep: expected what one step", Assert.Throws<ArgumentException>(() =>
            ExactBptt.Backward(net.Run, new TensorStreams(input, cotangent), (y, d) => y.mul(d).sum(), new() { BudgetBytes = 100_000 })).Message);
        using var noTape = no_grad();
        Assert.StartsWith("ExactBptt.Backward: expected gradients", Assert.Throws<InvalidOperationException>(() => ExactBptt.Backward(net, input, cotangent)).Message);
    }
}
