using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RnnZoo.Files;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>A moment of a training, with all that it needs to go on with the same numbers.</summary>
/// <param name="Step">How many steps were taken.</param>
/// <param name="Tensors">The tensors by name; they belong to the innermost dispose scope.</param>
/// <param name="Notes">What is no tensor, as text by name.</param>
internal sealed record Checkpoint(long Step, IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Notes)
{
    /// <summary>What messages call it: the file that it was read from.</summary>
    public string Name { get; init; } = "checkpoint";
}

/// <summary>
/// The checkpoints of one training: <c>checkpoint-000000042.safetensors</c> for step 42. The last two are kept, so that one
/// is left if the other is damaged.
/// </summary>
/// <remarks>
/// A checkpoint is a safetensors file whose metadata begins with a <c>sha256</c>: the SHA-256 of the whole file, with 64
/// zeros in place of its own digits. It is written through to the disk, and gets its name only when it is whole.
/// </remarks>
internal sealed class CheckpointFolder
{
    private const int Kept = 2;
    private const string Prefix = "checkpoint-";
    private const string Suffix = ".safetensors";
    private const string HashKey = "sha256";
    private const int HashDigits = 2 * SHA256.HashSizeInBytes;
    private const int LengthSize = 8; // of the header, at the file's start

    private static ReadOnlySpan<byte> HeaderStart => "{\"__metadata__\":{\"sha256\":\""u8;

    /// <summary>Uses a folder that exists, and clears away what a run that was killed while it wrote has left there.</summary>
    public CheckpointFolder(string path)
    {
        Path = path;
        AtomicFile.ClearHalves(path);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The files, newest first.</summary>
    public IReadOnlyList<string> Files => FilesIn(Path);

    /// <summary>The files of checkpoints in a folder, newest first; nothing is cleared away.</summary>
    public static IReadOnlyList<string> FilesIn(string path) => [.. Directory.EnumerateFiles(path, $"{Prefix}*").Where(file => StepOf(file) is not null).OrderByDescending(StepOf)];

    /// <summary>Where the checkpoint of a step is.</summary>
    internal string FileOf(long step) => System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:000000000}{Suffix}"));

    /// <summary>Writes a checkpoint, and then deletes those before the last two.</summary>
    /// <exception cref="IOException">It cannot be written; the message says which older one is there to go on from.</exception>
    internal void Save(Checkpoint checkpoint)
    {
        var file = FileOf(checkpoint.Step);
        try
        {
            Write(file, checkpoint);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var left = Files is [var newest, ..] ? $"{System.IO.Path.GetFileName(newest)} is whole, and the run can go on from it" : "there is no earlier one";
            throw new IOException($"{file}: cannot be written: {problem.Message} ({left}).", problem);
        }

        foreach (var old in Files.Skip(Kept))
        {
            File.Delete(old);
        }
    }

    /// <summary>Reads the newest checkpoint that is whole.</summary>
    /// <returns>Null if there is none at all. What is wrong with newer ones is told to <paramref name="refused"/>.</returns>
    /// <exception cref="InvalidDataException">There are some, and none is whole.</exception>
    internal Checkpoint? LoadNewest(Action<string>? refused = null)
    {
        var files = Files;
        foreach (var file in files)
        {
            try
            {
                return Read(file);
            }
            catch (InvalidDataException problem)
            {
                refused?.Invoke(problem.Message);
            }
        }

        return files.Count == 0 ? null : throw new InvalidDataException($"{Path}: expected a checkpoint that is whole, got {files.Count} that are damaged; start anew.");
    }

    internal static void Write(string path, Checkpoint checkpoint)
    {
        using var file = new MemoryStream();
        SafeTensors.Save(file, checkpoint.Tensors, new Dictionary<string, string>([new(HashKey, new string('0', HashDigits)), .. checkpoint.Notes]));
        AtomicFile.Write(path, stream => stream.Write(Sealed(file.ToArray())));
    }

    /// <summary>A checkpoint's bytes with their own hash in its place; what is none stays as it is.</summary>
    internal static byte[] Sealed(byte[] file)
    {
        if (HasHash(file))
        {
            HashIn(file).Fill((byte)'0');
            HashOf(file).CopyTo(HashIn(file));
        }

        return file;
    }

    internal static Checkpoint Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (!HasHash(bytes))
        {
            throw new InvalidDataException($"{path}: expected a checkpoint, a safetensors file whose metadata begins with its {HashKey}, got {bytes.Length} bytes that are none.");
        }

        var stated = HashIn(bytes).ToArray();
        if (!HashIn(Sealed(bytes)).SequenceEqual(stated))
        {
            throw new InvalidDataException($"{path}: expected a checkpoint that fits its own SHA-256, got {bytes.Length} bytes that do not; it was cut short or changed since it was written.");
        }

        using var file = SafeTensorsFile.Open(new MemoryStream(bytes), path);
        return new Checkpoint(StepOf(path)!.Value, file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name)), file.Metadata) { Name = path };
    }

    private static bool HasHash(byte[] file) => file.Length >= LengthSize + HeaderStart.Length + HashDigits && file.AsSpan(LengthSize).StartsWith(HeaderStart);

    private static Span<byte> HashIn(byte[] file) => file.AsSpan(LengthSize + HeaderStart.Length, HashDigits);

    private static byte[] HashOf(byte[] file) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(file)));

    private static long? StepOf(string file)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(file);
        return System.IO.Path.GetExtension(file) == Suffix && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
    }
}
