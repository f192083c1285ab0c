namespace RnnZoo.Characters;

/// <summary>Draws a character from the model's logits.</summary>
internal static class CharacterDraw
{
    /// <param name="logits">[V]: overwritten with the probabilities, up to a factor.</param>
    /// <param name="temperature">What the logits are divided by; 0 takes the likeliest.</param>
    /// <param name="random">Where chance comes from.</param>
    public static int From(double[] logits, double temperature, ref SplitMix64 random)
    {
        var likeliest = Likeliest(logits);
        var highest = logits[likeliest];
        if (temperature == 0)
        {
            return likeliest;
        }

        var sum = 0.0;
        for (var id = 0; id < logits.Length; id++)
        {
            sum += logits[id] = Math.Exp((logits[id] - highest) / temperature);
        }

        var rest = random.NextDouble() * sum;
        for (var id = 0; id < logits.Length; id++)
        {
            rest -= logits[id];
            if (rest < 0)
            {
                return id;
            }
        }

        return likeliest; // only rounding leads here
    }

    private static int Likeliest(double[] logits)
    {
        var likeliest = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            if (double.IsNaN(logits[id]) || double.IsPositiveInfinity(logits[id]))
            {
                throw new InvalidOperationException(FormattableString.Invariant($"the model's output is not finite ({logits[id]} among the logits); its weights are broken."));
            }

            likeliest = logits[id] > logits[likeliest] ? id : likeliest;
        }

        return likeliest;
    }
}
