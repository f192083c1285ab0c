using System.Globalization;
using System.Runtime.InteropServices;
using RnnZoo.Bptt;

namespace RnnZoo.Tests.Bptt;

/// <summary>The advice on large pages reaches the system, and leaves the memory's content alone.</summary>
public sealed unsafe class LargePagesTests
{
    private const string Setting = "/sys/kernel/mm/transparent_hugepage/enabled";
    private const string Map = "/proc/self/smaps";

    [SkippableFact]
    public void LargeBlock_IsMarkedAndKeepsItsContent()
    {
        Skip.IfNot(File.Exists(Setting) && File.Exists(Map), "this system does not say how its memory is mapped");
        const int bytes = (8 << 20) + 5;
        var block = (byte*)NativeMemory.Alloc(bytes);
        try
        {
            var content = new Span<byte>(block, bytes);
            new Random(7).NextBytes(content);
            var before = content.ToArray();

            LargePages.Advise(block, bytes);

            Assert.True(content.SequenceEqual(before));
            Assert.Contains("hg", FlagsAt((ulong)block + (bytes / 2)));
        }
        finally
        {
            NativeMemory.Free(block);
        }
    }

    /// <summary>The flags of the mapping that an address lies in.</summary>
    private static string[] FlagsAt(ulong address)
    {
        var inside = false;
        foreach (var line in File.ReadLines(Map))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].Split('-') is [var start, var end] && ulong.TryParse(start, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var first))
            {
                inside = first <= address && address < ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            else if (inside && words[0] == "VmFlags:")
            {
                return words[1..];
            }
        }

        throw new InvalidOperationException($"no mapping holds {address:x}.");
    }
}
