using static TorchSharp.torch;

namespace RnnZoo.Fuzz;

/// <summary>Reads changed files of a kind by the library.</summary>
internal sealed class Reader : IDisposable
{
    private const int FilesOfALimit = 1_000; // TorchSharp loses a kilobyte with each module that is made and disposed

    private readonly string _folder = Directory.CreateTempSubdirectory("rnnzoo-fuzz-").FullName;
    private readonly Target _target;
    private int _files;

    public Reader(Target target)
    {
        _target = target;
        Corpus.Copy(target.Folder, _folder);
    }

    /// <summary>Reads a file that holds some bytes. The first one, once libtorch is there, sets the limit of memory for those after it.</summary>
    /// <returns>Why it was refused; null if it was not.</returns>
    /// <exception cref="Exception">Anything that a reader must not throw.</exception>
    public string? Try(byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(_folder, _target.File), _target.Sealed(bytes));
        using var scope = NewDisposeScope();
        try
        {
            _target.Read(_folder);
            return null;
        }
        catch (InvalidDataException problem) when (problem.Message.Contains(_folder, StringComparison.Ordinal))
        {
            return problem.Message;
        }
        finally
        {
            if (_files++ % FilesOfALimit == 0)
            {
                Memory.Limit();
            }
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
