using RnnZoo.Characters;

namespace RnnZoo.Tests.Characters;

public class CharacterDrawTests
{
    [Theory]
    [InlineData(1, double.NaN)]
    [InlineData(0, double.NaN)]
    [InlineData(1, double.PositiveInfinity)]
    public void From_LogitThatIsNotFinite_IsAnErrorAndNotACharacter(double temperature, double broken)
    {
        foreach (var logits in new double[][] { [broken, broken, broken], [1, broken, 2] })
        {
            var problem = Assert.Throws<InvalidOperationException>(() =>
            {
                var random = new SplitMix64(1);
                return CharacterModel.DrawFrom(logits, temperature, ref random);
            });
            Assert.Equal($"the model's output is not finite ({FormattableString.Invariant($"{broken}")} among the logits); its weights are broken.", problem.Message);
        }
    }

    [Fact]
    public void From_Logits_DrawsByTheirProbabilities()
    {
        var (random, counts) = (new SplitMix64(3), new int[3]);
        for (var draw = 0; draw < 20_000; draw++)
        {
            counts[CharacterModel.DrawFrom([Math.Log(0.5), double.NegativeInfinity, Math.Log(1.5)], 1, ref random)]++;
        }

        Assert.Equal(0, counts[1]);
        Assert.InRange(counts[0], 5_000 - 250, 5_000 + 250); // four standard deviations of a share of 1/4
    }
}
