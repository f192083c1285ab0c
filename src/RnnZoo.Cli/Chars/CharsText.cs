using System.Security.Cryptography;
using RnnZoo.Characters;
using RnnZoo.Cli.Options;
using RnnZoo.Streams;

namespace RnnZoo.Cli.Chars;

/// <summary>A text, and its parts to train on and to hold out.</summary>
internal sealed class CharsText : IDisposable
{
    private readonly TokenSource _all;

    private CharsText(TokenSource all, Vocabulary vocabulary, long heldOut)
    {
        (_all, Vocabulary) = (all, vocabulary);
        Training = all.Slice(0, all.Count - heldOut);
        Validation = all.Slice(all.Count - heldOut, heldOut);
    }

    public Vocabulary Vocabulary { get; }

    public TokenSource Training { get; }

    public TokenSource Validation { get; }

    /// <exception cref="InvalidDataException">The text is too short, or no valid UTF-8.</exception>
    /// <exception cref="UsageException">The options do not fit its length.</exception>
    public static CharsText Open(CharsSettings settings)
    {
        var vocabulary = settings.Vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : Vocabulary.OfFile(settings.Text);
        var all = TokenSource.FromFile(settings.Text, vocabulary);
        try
        {
            var heldOut = Math.Max(2, (long)Math.Round(all.Count * settings.ValidationShare));
            Check(settings, all.Count, all.Count - heldOut);
            return new CharsText(all, vocabulary, heldOut);
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string HashOf(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"expected a file, got '{path}', which {(Directory.Exists(path) ? "is a folder" : "is not there")}.");
        }

        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public void Dispose() => _all.Dispose();

    private static void Check(CharsSettings settings, long all, long training)
    {
        if (training < 2)
        {
            throw new InvalidDataException($"{settings.Text}: expected a text of at least 4 characters, 2 to train on and 2 to hold out, and a share held out that leaves so many, got {all} characters, {Math.Max(0, training)} of them to train on.");
        }

        var (streams, length) = (settings.Training.Streams, settings.Training.ChunkLength);
        if (streams > training - 1)
        {
            throw new UsageException($"--streams: expected at most {training - 1} for the {training} characters to train on, got {streams}.");
        }

        if (length > (training - 1) / streams)
        {
            throw new UsageException($"--chunk: expected at most the {(training - 1) / streams} steps that each of {streams} streams has in the {training} characters to train on, got {length}; give a smaller --chunk or fewer --streams.");
        }
    }
}
