using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Streams;

namespace RnnZoo.Zoo;

/// <summary>A text to be learned, in memory, in its parts to train on and to hold out.</summary>
public sealed class TrainingText
{
    private const int TokensAtATime = 1 << 16;

    private TrainingText(Tokens all, Vocabulary vocabulary, string sha256, long heldOut)
    {
        (Vocabulary, Sha256) = (vocabulary, sha256);
        Training = all.Slice(0, all.Count - heldOut);
        HeldOut = all.Slice(all.Count - heldOut, heldOut);
    }

    /// <summary>The characters of the whole text, or the bytes.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>The SHA-256 of the file's bytes.</summary>
    public string Sha256 { get; }

    /// <summary>The beginning, to train on.</summary>
    public Tokens Training { get; }

    /// <summary>The end, to measure on.</summary>
    public Tokens HeldOut { get; }

    /// <summary>Reads a text, whichever it is; <see cref="CharacterRecipe.OpenText"/> reads a recipe's.</summary>
    /// <param name="file">The file.</param>
    /// <param name="vocabulary">Whether its characters or its bytes are read.</param>
    /// <param name="heldOutShare">Which share of it, at its end, is held out.</param>
    /// <exception cref="InvalidDataException">It is too short, or no valid UTF-8.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrainingText Open(string file, VocabularyKind vocabulary, double heldOutShare)
    {
        var sha256 = HashOf(file);
        var known = vocabulary == VocabularyKind.Bytes ? Vocabulary.Bytes : Vocabulary.OfFile(file);
        var all = known.TokensOfFile(file);
        var heldOut = Math.Max(2, (long)Math.Round(all.Count * heldOutShare));
        if (all.Count - heldOut < 2)
        {
            throw new InvalidDataException($"{file}: expected a text of at least 4 characters, 2 to train on and 2 to hold out, and a share held out that leaves so many, got {all.Count} characters, {Math.Max(0, all.Count - heldOut)} of them to train on.");
        }

        return new TrainingText(all, known, sha256, heldOut);
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static string HashOf(string file) => File.Exists(file)
        ? CheckedFile.HashOf(file)
        : throw new FileNotFoundException($"expected a file, got '{file}', which {(Directory.Exists(file) ? "is a folder" : "is not there")}.");

    /// <summary>Writes the part that is held out.</summary>
    internal void WriteHeldOut(string file) => AtomicFile.Write(file, stream =>
    {
        for (var at = 0L; at < HeldOut.Count; at += TokensAtATime)
        {
            var ids = new long[Math.Min(TokensAtATime, HeldOut.Count - at)];
            HeldOut.Read(at, ids);
            stream.Write(Vocabulary.Kind == VocabularyKind.Bytes
                ? Array.ConvertAll(ids, id => (byte)id)
                : System.Text.Encoding.UTF8.GetBytes(Vocabulary.Decode(ids)));
        }
    });
}
