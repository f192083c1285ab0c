using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Random cuts whose mean is the exact gradient.</summary>
public class UnbiasedTruncationTests
{
    private const int B = 2;
    private const int I = 3;
    private const int H = 5;
    private const int O = 2;

    public static TheoryData<string, string> NetsAndPaths
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in SequenceModel.Names)
            {
                data.Add(name, "hand-written");
            }

            foreach (var name in new[] { "vanilla", "lstm", "gru", "mingru" })
            {
                data.Add(name, "equations");
                data.Add(name, "autograd");
            }

            data.Add("lstm", "two layers");
            return data;
        }
    }

    [Fact]
    public void Weigh_LeavesEveryNumberAsItIs_AndMultipliesItsGradient()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1.5f, float.PositiveInfinity, 0f }).requires_grad_();

        var weighed = new GradientCrossings(0, 5, Factor: 4).Weigh(x);

        Assert.Equal([1.5f, float.PositiveInfinity, 0f], weighed.data<float>().ToArray());
        Assert.Equal([4f, 8f, 12f], autograd.grad([weighed], [x], [tensor(new[] { 1f, 2f, 3f })])[0].data<float>().ToArray());
    }

    // All ways to cut: what each gives, weighed with its chance.
    [Theory]
    [MemberData(nameof(NetsAndPaths))]
    public void Gradient_MeanOverAllCutsByTheirChances_IsExact(string cell, string path)
    {
        const int steps = 5;
        const int length = 3;
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var model = SampleStreams.Model(cell, I, H, O, path == "two layers" ? 2 : 1, path == "autograd" ? BackwardPath.Autograd : BackwardPath.Auto);
        if (path == "equations")
        {
            model.Recurrent.HandWritten!.EquationsOnly = true;
        }

        var (input, target) = SampleStreams.Random(steps, B, I, O);
        var streams = new TensorStreams(input, target);
        ExactBptt.Backward(model, streams, Loss);
        var exact = SampleStreams.TakeGradients(model);

        var mean = exact.ToDictionary(item => item.Key, item => zeros_like(item.Value));
        var seen = new HashSet<string>();
        for (var seed = 0; seen.Count < 1 << (steps - 1); seed++)
        {
            Assert.True(seed < 2000, "not every way to cut was drawn");
            using var loader = new TruncatedBpttLoader(streams, new() { ChunkLength = length, UnbiasedEvery = 1, UnbiasedSeed = seed });
            var lengths = Lengths(streams, loader.Options);
            if (!seen.Add(string.Join(",", lengths)))
            {
                continue;
            }

            var cuts = lengths.Count - 1;
            var chance = Math.Pow(1.0 / length, cuts) * Math.Pow(1 - (1.0 / length), steps - 1 - cuts);
            Sum(model, loader);
            foreach (var (name, gradient) in SampleStreams.TakeGradients(model))
            {
                mean[name].add_(gradient.mul(chance));
            }
        }

        Expect.Close(exact, mean, 1e-12, cell);
    }

    [Theory]
    [InlineData("vanilla")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void Gradient_MeanOverManyDraws_IsExactWithinItsErrorAndThatOfFixedLengthsIsNot(string cell)
    {
        const int steps = 16;
        const int length = 4;
        const int draws = 2000;
        const double familyWise = 3.76; // of a normal distribution beyond ±3.76 lies 1 % over 60, the directions of three nets
        using var scope = NewDisposeScope();
        manual_seed(7);
        using var model = SampleStreams.Model(cell, I, H, O);
        using (no_grad())
        {
            foreach (var (name, parameter) in model.named_parameters().Where(item => item.name.Contains("weight_hh", StringComparison.Ordinal)))
            {
                parameter.mul_(1.5); // what came long before must matter
            }
        }

        var (input, target) = SampleStreams.Random(steps, 1, I, O);
        var streams = new TensorStreams(input, target);
        ExactBptt.Backward(model, streams, Loss);
        var exact = Flat(model);
        var directions = nn.functional.normalize(randn(20, exact.shape[0], dtype: ScalarType.Float64), dim: 1); // [20, P]
        var projected = new Tensor[draws];
        for (var draw = 0; draw < draws; draw++)
        {
            using var inner = NewDisposeScope();
            using var loader = new TruncatedBpttLoader(streams, new() { ChunkLength = length, UnbiasedEvery = 2, UnbiasedSeed = draw });
            Sum(model, loader);
            projected[draw] = directions.mv(Flat(model)).MoveToOuterDisposeScope(); // [20]
        }

        using (var loader = new TruncatedBpttLoader(streams, new() { ChunkLength = length }))
        {
            Sum(model, loader);
        }

        var all = stack(projected, 0); // [draws, 20]
        var error = all.std(0).div(Math.Sqrt(draws)); // [20]
        var unbiased = all.mean([0]).sub(directions.mv(exact)).div(error).abs().max().item<double>();
        var biased = directions.mv(Flat(model)).sub(directions.mv(exact)).div(error).abs().max().item<double>();
        Assert.True(unbiased < familyWise, $"{cell}: {unbiased:F2} standard errors");
        Assert.True(biased > 10, $"{cell}, fixed: {biased:F2} standard errors");
    }

    [Fact]
    public void Lengths_LongRun_HaveTheWantedMeanAndFallOnTheGrid()
    {
        using var scope = NewDisposeScope();
        var source = new TokenStreams(SampleStreams.Counting(40_001), 2);
        foreach (var every in new[] { 1, 5 })
        {
            var lengths = Lengths(source, new() { ChunkLength = 20, UnbiasedEvery = every, UnbiasedSeed = 3 });
            Assert.Equal(source.Steps, lengths.Sum());
            Assert.InRange(lengths.Average(), 18, 22);
            Assert.All(lengths.SkipLast(1), length => Assert.Equal(0, length % every));
            Assert.InRange(lengths.Count(length => length > 60) / (double)lengths.Count, 0.02, 0.08); // e^-3 is 0.05
        }
    }

    [Fact]
    public void State_OfAChunkWithWeighedPlaces_IsRefusedWithTheReason()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TokenStreams(SampleStreams.Counting(47), 2), new() { ChunkLength = 9, UnbiasedEvery = 1 });
        var chunk = loader.First(found => found.Run(SampleStreams.Echo).shape[0] > 1);
        Assert.EndsWith("its gradients are weighed where they might have been cut; give the net to chunk.Run.", Assert.Throws<InvalidOperationException>(() => chunk.State).Message);
    }

    private static List<long> Lengths(StreamSource streams, TruncatedBpttOptions options)
    {
        using var loader = new TruncatedBpttLoader(streams, options);
        var lengths = new List<long>();
        foreach (var chunk in loader)
        {
            using var scope = NewDisposeScope();
            chunk.Run(SampleStreams.Echo);
            lengths.Add(chunk.Plan.End - chunk.Plan.Start);
            Assert.Equal((double)lengths[^1] / options.ChunkLength, chunk.LearningRateFactor);
        }

        return lengths;
    }

    private static void Sum(SequenceModel model, TruncatedBpttLoader loader)
    {
        foreach (var chunk in loader)
        {
            using var scope = NewDisposeScope();
            Gradient.Backward(Loss(chunk.Run(model), chunk.Target));
        }
    }

    private static Tensor Loss(Tensor output, Tensor target) => nn.functional.mse_loss(output, target, nn.Reduction.Sum);

    private static Tensor Flat(nn.Module module) => cat([.. SampleStreams.TakeGradients(module).OrderBy(item => item.Key).Select(item => item.Value.flatten())], 0); // [P]
}
