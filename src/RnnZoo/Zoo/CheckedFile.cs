using System.Security.Cryptography;
using System.Text;

namespace RnnZoo.Zoo;

/// <summary>Files that must be exactly what a manifest says.</summary>
internal static class CheckedFile
{
    private const int LongestText = 16 << 20;
    private const int PieceLength = 1 << 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The SHA-256 of a file, in lower-case hexadecimal digits.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Opens a file, reads it through once, and returns it at its start, still open, so that no other can take its place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">Its hash.</param>
    /// <param name="length">How many bytes it has; null where the manifest does not say.</param>
    /// <exception cref="InvalidDataException">It is missing, or has another length or hash.</exception>
    public static FileStream Open(string path, string sha256, long? length = null)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (FileNotFoundException problem)
        {
            throw new InvalidDataException($"{path}: expected the file that {ModelFiles.Manifest} names, found none.", problem);
        }

        try
        {
            if (length is { } bytes && bytes != file.Length) // said before anything is read, for what poses as a file may have no end
            {
                throw Wrong(path, $"the {bytes} bytes", file.Length);
            }

            var got = Convert.ToHexStringLower(SHA256.HashData(file));
            if (got != sha256)
            {
                throw Wrong(path, $"the SHA-256 {sha256}", got);
            }

            file.Position = 0;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a text. Those of a model's folder are small: one of more than 16 MiB, or without an end, is refused.</summary>
    /// <exception cref="InvalidDataException">It is too long, or is not in UTF-8.</exception>
    public static string ReadText(string path)
    {
        using var file = File.OpenRead(path);
        using var text = new MemoryStream();
        var piece = new byte[PieceLength];
        for (int read; (read = file.Read(piece)) > 0;)
        {
            text.Write(piece, 0, read);
            if (text.Length > LongestText)
            {
                throw new InvalidDataException($"{path}: expected a text of at most {LongestText} bytes, got more.");
            }
        }

        try
        {
            return Utf8.GetString(text.GetBuffer(), 0, (int)text.Length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{path}: expected UTF-8, got bytes that are none.", problem);
        }
    }

    private static InvalidDataException Wrong(string path, string expected, object got) =>
        new($"{path}: expected {expected} of {ModelFiles.Manifest}, got {got}; the file was changed or damaged, get it anew.");
}
