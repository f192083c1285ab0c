using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Text;
using System.Text.RegularExpressions;

namespace RnnZoo.Files;

/// <summary>Writes files beside their final name and then renames them, so that nobody ever sees half a file.</summary>
internal static class AtomicFile
{
    private static readonly ConcurrentDictionary<string, bool> InWriting = new();

    /// <summary>Keeps others from a file that is being written and may be renamed meanwhile. Elsewhere than on Windows all but None is a lock that network file systems do not have.</summary>
    internal static FileShare Held => OperatingSystem.IsWindows() ? FileShare.Read | FileShare.Delete : FileShare.None;

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes a file; one that exists is replaced. Of a symbolic link, that is what it leads to.</summary>
    /// <exception cref="IOException">The file cannot be written, or is a device, a pipe or a socket; an older one is left as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        path = Resolved(path);
        if (!IsRegular(path))
        {
            throw new IOException($"{path}: expected the name of a file, got a device, a pipe or a socket, which cannot be replaced by one; name a file.");
        }

        var partial = Claim(path);
        try
        {
            using var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, Held);
            write(stream);
            if (stream.CanWrite) // some writers close it
            {
                stream.Flush(flushToDisk: true); // before the rename, or a power cut could leave the name without what it names
            }

            File.Move(partial, path, overwrite: true); // while it is held: nobody takes it for a half that was left
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
        finally
        {
            InWriting.TryRemove(partial, out _);
        }
    }

    /// <summary>Copies a file.</summary>
    /// <exception cref="IOException">It cannot be read, or the copy cannot be written.</exception>
    public static void Copy(string source, string target) => Write(target, stream =>
    {
        using var file = File.OpenRead(source);
        file.CopyTo(stream);
    });

    /// <summary>Deletes what writers that were killed have left in a folder: halves of files that nobody holds open to write.</summary>
    public static void ClearHalves(string folder)
    {
        foreach (var half in Directory.EnumerateFiles(folder, "*" + Half).Where(IsPartial))
        {
            try
            {
                using var abandoned = new FileStream(half, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // Someone is writing it, or has just given it its name, or it is another user's.
            }
        }
    }

    /// <summary>Whether there is a file that can be read again and again: no device, pipe or socket, and no link to one.</summary>
    public static bool CanBeReadAgain(string path) => File.Exists(Resolved(path)) && IsRegular(Resolved(path));

    private static string Resolved(string path) => new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    // The one class of the framework that tells devices and pipes from files, without opening them, writes archives.
    private static bool IsRegular(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > 0)
        {
            return true; // what is no file has no length
        }

        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            writer.WriteEntry(path, "name");
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()!.EntryType == TarEntryType.RegularFile;
    }

    private const string Half = ".rnnzoo.part"; // no name that anyone else gives

    /// <summary>Where a file is written before it gets its name.</summary>
    internal static string PartialPath(string path, int others = 0) => $"{path}.{Environment.ProcessId}{(others == 0 ? "" : $"-{others}")}{Half}";

    private static bool IsPartial(string path) => Regex.IsMatch(path, @"\.[0-9]+(-[0-9]+)?\.rnnzoo\.part$");

    // One of its own for each of several threads that write the same file.
    private static string Claim(string path)
    {
        var others = 0;
        while (!InWriting.TryAdd(PartialPath(Path.GetFullPath(path), others), true))
        {
            others++;
        }

        return PartialPath(Path.GetFullPath(path), others);
    }
}
