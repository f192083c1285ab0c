using System.Buffers.Binary;
using System.Security.Cryptography;
using RnnZoo.Cli;

namespace RnnZoo.Tests;

/// <summary>How TorchSharp's native part is loaded where the system's libstdc++ is too old for it.</summary>
public class TorchBackendTests
{
    private const string Unused = "GLIBCXX_3.4.32";
    private static readonly string Library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");

    [SkippableFact]
    public void MarkUnusedNeeds_SetsOneFlagAndNothingElse()
    {
        var original = Original();
        var changed = original.ToArray();

        Assert.Equal([Unused], TorchBackend.MarkUnusedNeeds(changed));

        var at = Assert.Single(Enumerable.Range(0, original.Length), index => original[index] != changed[index]);
        Assert.Equal((0, 2), (original[at], changed[at])); // VER_FLG_WEAK
        Assert.Equal([Unused], TorchBackend.MarkUnusedNeeds(changed));
    }

    [SkippableFact]
    public void MarkUnusedNeeds_LeavesANeedThatARelocationRefersTo()
    {
        var elf = Original();
        var (unused, used) = (VersionIndex(elf, Unused), VersionIndex(elf, "GLIBCXX_3.4.30"));
        foreach (var entry in SymbolVersions(elf))
        {
            var version = BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(entry));
            if (version == unused || version == used)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(entry), version == unused ? used : unused); // the two change places
            }
        }

        Assert.Equal(["GLIBCXX_3.4.30"], TorchBackend.MarkUnusedNeeds(elf));
    }

    [Fact]
    public void MarkUnusedNeeds_OfWhatIsNoLibrary_Throws()
    {
        Assert.Throws<BadImageFormatException>(() => TorchBackend.MarkUnusedNeeds(new byte[100]));
        Assert.Throws<BadImageFormatException>(() => TorchBackend.MarkUnusedNeeds([]));
    }

    [Fact]
    public async Task TwoProcessesAtOnce_WithoutATemporaryFolder_LoadIt_AndLeaveThePackageAsItIs()
    {
        var before = File.Exists(Library) ? SHA256.HashData(await File.ReadAllBytesAsync(Library)) : [];
        var environment = new Dictionary<string, string> { ["TMPDIR"] = "/proc/nowhere" };

        string[] reports = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => SelfProcess.RunAsync(["verify", "--cells", "vanilla", "--json"], default, environment)));

        Assert.All(reports, report => Assert.Contains("\"passed\": true", report, StringComparison.Ordinal));
        Assert.Equal(before, File.Exists(Library) ? SHA256.HashData(await File.ReadAllBytesAsync(Library)) : []);
    }

    [Fact]
    public void Load_OfWhatIsLoaded_DoesNothing()
    {
        TorchBackend.Load();
        Assert.Equal("0.107.0", TorchBackend.TorchSharpVersion);
        Assert.StartsWith("2.10.0", TorchBackend.LibtorchVersion, StringComparison.Ordinal);
    }

    private static byte[] Original()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "libLibTorchSharp.so is Linux's");
        return File.ReadAllBytes(Library);
    }

    // Read by the names of sections, where the library reads by their types.
    private static (int Offset, int Size) Section(byte[] elf, string name)
    {
        var (sections, count, names) = ((int)Long(elf, 0x28), Short(elf, 0x3C), Short(elf, 0x3E));
        var strings = (int)Long(elf, sections + (64 * names) + 24);
        for (var at = sections; at < sections + (64 * count); at += 64)
        {
            if (Text(elf, strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(at))) == name)
            {
                return ((int)Long(elf, at + 24), (int)Long(elf, at + 32));
            }
        }

        throw new InvalidDataException($"no section {name}");
    }

    private static IEnumerable<int> SymbolVersions(byte[] elf)
    {
        var (offset, size) = Section(elf, ".gnu.version");
        return Enumerable.Range(0, size / 2).Select(index => offset + (2 * index));
    }

    // The vernaux entry whose name it is: vna_other stands six bytes into it, vna_name eight.
    private static ushort VersionIndex(byte[] elf, string name)
    {
        var (offset, size) = Section(elf, ".gnu.version_r");
        var strings = Section(elf, ".dynstr").Offset;
        var entry = Enumerable.Range(0, size / 16).Select(index => offset + (16 * index))
            .Single(at => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(at + 8)) is < 1 << 20 and var text && Text(elf, strings + (int)text) == name);
        return Short(elf, entry + 6);
    }

    private static ushort Short(byte[] elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));

    private static long Long(byte[] elf, int at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(at));

    private static string Text(byte[] elf, int at) => System.Text.Encoding.ASCII.GetString(elf, at, Array.IndexOf(elf, (byte)0, at) - at);
}
