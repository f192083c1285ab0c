using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Characters;

/// <summary>
/// A model that says, after every character of a text, how likely each character of its vocabulary comes next: a one-hot or
/// embedded character, a recurrent net, a linear readout.
/// </summary>
public sealed class CharacterModel : IDisposable
{
    internal const double BitsPerNat = 1.4426950408889634; // 1 / ln 2

    /// <summary>Makes a model with fresh weights, drawn from torch's default generator.</summary>
    /// <exception cref="ArgumentException">A value of the shape is out of its range.</exception>
    internal CharacterModel(Vocabulary vocabulary, CharacterModelShape shape)
    {
        shape.Validate();
        (Vocabulary, Shape) = (vocabulary, shape);
        var embeds = shape.Embedding > 0;
        Net = SequenceModel.Create(
            shape.Cell, vocabulary.Size, shape.Hidden, vocabulary.Size, shape.Layers,
            embeds ? InputEncoding.Embedding : InputEncoding.OneHot, embeds ? shape.Embedding : null, dropout: shape.Dropout);
    }

    /// <summary>How many parameters such a model has, found without making it.</summary>
    internal static double CountOf(Vocabulary vocabulary, CharacterModelShape shape) =>
        SequenceModel.CountOf(shape.Cell, vocabulary.Size, shape.Hidden, vocabulary.Size, shape.Layers, shape.Embedding > 0 ? shape.Embedding : null);

    /// <summary>The characters, and their ids.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>What the model is made of.</summary>
    internal CharacterModelShape Shape { get; }

    /// <summary>The net: token ids [T, B] to logits [T, B, V].</summary>
    public SequenceModel Net { get; }

    /// <summary>Runs a chunk of streams.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>[]: the mean loss in nats per character, differentiable.</returns>
    public Tensor Loss(Chunk chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        return Loss(chunk, Net.call);
    }

    private Tensor Loss(Chunk chunk, Func<Tensor, RecurrentState?, RecurrentResult> net)
    {
        using var scope = NewDisposeScope();
        var logits = chunk.Run(net); // [k, B, V]
        return nn.functional.cross_entropy(logits.view(-1, Vocabulary.Size), chunk.Target.reshape(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>Measures the model on a text, without gradient and dropout.</summary>
    /// <param name="text">The text, in as many streams as are to run side by side, each from the zero state.</param>
    /// <returns>Bits per character: the mean loss over all characters, by ln 2.</returns>
    public double Measure(TokenStreams text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Measure(text, Net.call);
    }

    /// <summary>The same of anything that gives the net's results.</summary>
    internal double Measure(TokenStreams text, Func<Tensor, RecurrentState?, RecurrentResult> net)
    {
        var training = Net.training;
        Net.eval();
        using var noTape = no_grad();
        using var loader = new TruncatedBpttLoader(text, new TruncatedBpttOptions { ChunkLength = (int)Math.Min(128, text.Steps) });
        var (sum, count) = (0.0, 0L);
        try
        {
            foreach (var chunk in loader)
            {
                using var scope = NewDisposeScope();
                var characters = chunk.Target.numel();
                sum += Loss(chunk, net).Number() * characters;
                count += characters;
            }
        }
        finally
        {
            Net.train(training);
        }

        return sum / count * BitsPerNat;
    }

    /// <summary>Writes text: draws each character from what the model expects after all before it.</summary>
    /// <param name="length">How many characters to draw.</param>
    /// <param name="temperature">What the logits are divided by: below 1 is safer, above 1 is wilder, 0 always takes the likeliest.</param>
    /// <param name="seed">Where chance comes from: the same seed and weights give the same text.</param>
    /// <param name="prompt">The text to go on from; if empty, the writing begins as after the end of a line.</param>
    /// <param name="cancellation">Ends the writing.</param>
    /// <returns>The ids of the new characters, one by one as they are drawn, without the prompt. The weights are those of the moment when the first is asked for.</returns>
    /// <exception cref="ArgumentException">A value is out of its range, or the prompt has a character outside the vocabulary.</exception>
    public IEnumerable<long> Sample(int length = 500, double temperature = 1, long seed = 0, string prompt = "", CancellationToken cancellation = default)
    {
        Check.That(length >= 0, nameof(length), "at least 0", length);
        Check.That(temperature >= 0 && double.IsFinite(temperature), nameof(temperature), "at least 0 and finite", temperature);
        ArgumentNullException.ThrowIfNull(prompt);
        return Draw(prompt.Length > 0 ? Vocabulary.Encode(prompt) : [FirstOfALine()], length, temperature, seed, cancellation);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();

    private IEnumerable<long> Draw(long[] prompt, int length, double temperature, long seed, CancellationToken cancellation)
    {
        var (stepper, random, logits) = (Net.Stepper(), new SplitMix64((ulong)seed), new double[Vocabulary.Size]);
        foreach (var character in prompt.SkipLast(1))
        {
            cancellation.ThrowIfCancellationRequested();
            stepper.Step([character]);
        }

        var last = prompt[^1];
        for (var drawn = 0; drawn < length; drawn++)
        {
            cancellation.ThrowIfCancellationRequested();
            Widen(stepper.Step([last]), logits);
            last = DrawFrom(logits, temperature, ref random);
            yield return last;
        }
    }

    private static void Widen(ReadOnlySpan<float> narrow, double[] wide)
    {
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] = narrow[i];
        }
    }

    /// <summary>Draws a character from logits [V], which are overwritten with the probabilities, up to a factor.</summary>
    internal static int DrawFrom(double[] logits, double temperature, ref SplitMix64 random)
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

    // Without a prompt the text begins as after the end of a line, which most texts have.
    private long FirstOfALine() => Vocabulary.Kind == VocabularyKind.Bytes ? '\n' : Math.Max(0, Vocabulary.IdOf('\n'));
}

/// <summary>What a <see cref="CharacterModel"/> is made of; an embedding of 0 stands for one-hot vectors.</summary>
internal sealed record CharacterModelShape(string Cell = "lstm", int Hidden = 128, int Layers = 1, int Embedding = 0, double Dropout = 0)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check.That(SequenceModel.Names.Contains(Cell), nameof(Cell), $"one of {string.Join(", ", SequenceModel.Names)}", Cell);
        Check.That(Hidden >= 1, nameof(Hidden), "at least 1", Hidden);
        Check.That(Layers >= 1, nameof(Layers), "at least 1", Layers);
        Check.That(Embedding >= 0, nameof(Embedding), "at least 1, or 0 for one-hot vectors", Embedding);
        Check.That(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }
}
