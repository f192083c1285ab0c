using System.Security.Cryptography;

namespace RnnZoo.Zoo;

/// <summary>Files that must be exactly what a manifest says.</summary>
internal static class CheckedFile
{
    /// <summary>The SHA-256 of a file, in lower-case hexadecimal digits.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Opens a file, reads it through once, and returns it at its start, still open, so that no other can take its place.</summary>
    /// <exception cref="InvalidDataException">It is missing, or has another hash.</exception>
    public static FileStream Open(string path, string sha256)
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

        var got = Convert.ToHexStringLower(SHA256.HashData(file));
        if (got != sha256)
        {
            file.Dispose();
            throw new InvalidDataException($"{path}: expected the SHA-256 {sha256} of {ModelFiles.Manifest}, got {got}; the file was changed or damaged, get it anew.");
        }

        file.Position = 0;
        return file;
    }
}
