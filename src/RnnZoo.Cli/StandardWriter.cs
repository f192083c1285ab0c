using System.Text;

namespace RnnZoo.Cli;

/// <summary>
/// Standard output or standard error as a program may find them: on a full disk, with the terminal gone, or closed by the shell
/// (<c>2>&amp;-</c>). Progress and messages never end work, so what standard error does not take is lost; results that standard
/// output does not take are an error that says so.
/// </summary>
internal sealed class StandardWriter : TextWriter
{
    private readonly TextWriter? _inner;
    private readonly string? _name; // of a stream whose failures are errors

    private StandardWriter(TextWriter? inner, string? name) => (_inner, _name) = (inner, name);

    public override Encoding Encoding => _inner?.Encoding ?? Encoding.UTF8;

    public static TextWriter Output() => new StandardWriter(IsOpen(1) ? Console.Out : null, "standard output");

    public static TextWriter Error() => new StandardWriter(IsOpen(2) ? Console.Error : null, null);

    public override void Write(char value) => Try(writer => writer.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(writer => writer.Write(buffer, index, count));

    public override void Write(string? value) => Try(writer => writer.Write(value));

    public override void Flush() => Try(writer => writer.Flush());

    private void Try(Action<TextWriter> write)
    {
        try
        {
            write(_inner ?? throw new IOException("it is closed."));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            if (_name is not null)
            {
                throw new IOException($"{_name}: cannot be written to: {problem.Message}", problem);
            }
        }
    }

    // Where the shell has closed a descriptor, the runtime's first own one takes its number: a pipe of its own, which must not be
    // written into. Unlike what a program inherits, that one would be closed for a program started from here (O_CLOEXEC).
    private static bool IsOpen(int descriptor)
    {
        var facts = $"/proc/self/fdinfo/{descriptor}";
        return !OperatingSystem.IsLinux()
            || (File.Exists(facts) && File.ReadLines(facts).FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal)) is { } flags && (Convert.ToInt64(flags[6..].Trim(), 8) & 0x80000) == 0);
    }
}
