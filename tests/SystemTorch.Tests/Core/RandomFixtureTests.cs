using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

/// <summary>The same seed gives the genuine library's numbers, bit for bit.</summary>
public class RandomFixtureTests
{
    public static readonly TheoryData<string, Func<Tensor>> Draws = new()
    {
        { "rand", () => rand(2, 3) },
        { "randn_20", () => randn(20) },
        { "randn_5", () => randn(5) },
        { "randperm10", () => randperm(10) },
        { "randint_0_100", () => randint(0, 100, [8L]) },
        { "uniform", () => empty(5).uniform_(-1, 1) },
        { "bernoulli", () => full([8], 0.5f).bernoulli() },
        { "multinomial", () => tensor(new float[] { 0.1f, 0.2f, 0.3f, 0.4f }).multinomial(6, true) },
    };

    [SkippableTheory]
    [MemberData(nameof(Draws))]
    public void Draw_OfThreeSeeds_EqualsTheGenuineNumbers(string name, Func<Tensor> draw)
    {
        var fixtures = Fixtures.Json("rng.json");
        using var scope = NewDisposeScope();
        foreach (var seed in new[] { 0, 1, 42 })
        {
            var expected = Fixtures.Numbers(fixtures.GetProperty($"{name}_{seed}"));
            manual_seed(seed);
            Assert.Equal(expected, draw().to(float64).data<double>().ToArray());
        }
    }

    [Fact]
    public void Generator_OfItsOwn_DrawsAsTheDefaultOneOfTheSameSeed()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var expected = randn([3, 7]);
        using var generator = new Generator(5);
        manual_seed(99);
        Assert.True(expected.Equals(randn([3, 7], generator: generator)));
    }

    [Fact]
    public void RngState_SetBack_RepeatsTheDraws()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        rand(11);
        var state = get_rng_state();
        var first = rand(7);
        Assert.False(first.Equals(rand(7)));
        set_rng_state(state);
        Assert.True(first.Equals(rand(7)));
        Assert.Equal(3, initial_seed());
    }

    [Fact]
    public void RandIntegers_StayInTheirRange()
    {
        manual_seed(1);
        var drawn = Enumerable.Range(0, 200).Select(_ => randint_long(-3, 4)).ToArray();
        Assert.Equal(-3, drawn.Min());
        Assert.Equal(3, drawn.Max());
    }
}
