using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Characters;

/// <summary>
/// A model that says, after every character of a text, how likely each character of its vocabulary comes next: a one-hot or
/// embedded character, a recurrent net, a linear readout.
/// </summary>
public sealed class CharacterModel : IDisposable
{
    private const double BitsPerNat = 1.4426950408889634; // 1 / ln 2

    /// <summary>Makes a model with fresh weights, drawn from torch's default generator.</summary>
    /// <param name="vocabulary">The characters.</param>
    /// <param name="shape">What it is made of.</param>
    /// <exception cref="ArgumentException">A value of the shape is out of its range.</exception>
    public CharacterModel(Vocabulary vocabulary, CharacterModelShape shape)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        (Vocabulary, Shape) = (vocabulary, shape);
        var embeds = shape.Embedding > 0;
        Net = SequenceModel.Create(
            shape.Cell, vocabulary.Size, shape.Hidden, vocabulary.Size, shape.Layers,
            embeds ? InputEncoding.Embedding : InputEncoding.OneHot, embeds ? shape.Embedding : null, dropout: shape.Dropout);
    }

    /// <summary>The characters, and their ids.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>What the model is made of.</summary>
    public CharacterModelShape Shape { get; }

    /// <summary>The net: token ids [T, B] to logits [T, B, V].</summary>
    public SequenceModel Net { get; }

    /// <summary>Runs a chunk of streams.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>[]: the mean loss in nats per character, differentiable.</returns>
    public Tensor Loss(Chunk chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        var features = chunk.Run(Net.Features); // [k, B, H]
        return Net.CrossEntropy(features, chunk.Target);
    }

    /// <summary>Measures the model on a text, without gradient and dropout.</summary>
    /// <param name="text">The text, in as many streams as are to run side by side, each from the zero state.</param>
    /// <returns>Bits per character: the mean loss over all characters, by ln 2.</returns>
    public double Measure(TokenStreams text)
    {
        ArgumentNullException.ThrowIfNull(text);
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
                sum += Loss(chunk).ToDouble() * characters;
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
    /// <param name="options">How.</param>
    /// <param name="cancellation">Ends the writing.</param>
    /// <returns>The ids of the new characters, one by one as they are drawn, without the prompt.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the prompt has a character outside the vocabulary.</exception>
    public IEnumerable<long> Sample(SamplingOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var prompt = options.Prompt.Length > 0 ? Vocabulary.Encode(options.Prompt) : [FirstOfALine()];
        return Draw(prompt, options, cancellation);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();

    private IEnumerable<long> Draw(long[] prompt, SamplingOptions options, CancellationToken cancellation)
    {
        var random = new SplitMix64((ulong)options.Seed);
        var distribution = new double[Vocabulary.Size];
        RecurrentState? state = null;
        try
        {
            var next = prompt;
            for (var drawn = 0; drawn < options.Length; drawn++)
            {
                cancellation.ThrowIfCancellationRequested();
                state = Step(next, state, distribution);
                var character = CharacterDraw.From(distribution, options.Temperature, ref random);
                next = [character];
                yield return character;
            }
        }
        finally
        {
            state?.Dispose();
        }
    }

    private RecurrentState Step(long[] ids, RecurrentState? before, double[] logits)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var training = Net.training; // the net is the caller's again between two characters
        Net.eval();
        try
        {
            var (output, after) = Net.call(tensor(ids).unsqueeze(1), before); // [T, 1, V]
            var last = output.select(0, -1).flatten().to(ScalarType.Float64); // [V]
            last.data<double>().CopyTo(logits);
            before?.Dispose();
            return after.DetachFromDisposeScope();
        }
        finally
        {
            Net.train(training);
        }
    }

    // Without a prompt the text begins as after the end of a line, which most texts have.
    private long FirstOfALine() => Vocabulary.Kind == VocabularyKind.Bytes ? '\n' : Math.Max(0, Vocabulary.IdOf('\n'));
}
