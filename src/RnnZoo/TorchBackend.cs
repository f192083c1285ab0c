using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace RnnZoo;

/// <summary>TorchSharp's native libraries: their versions, and how they are loaded.</summary>
/// <remarks>
/// TorchSharp 0.107's libLibTorchSharp.so asks for a libstdc++ of GCC 13.2 or later (version GLIBCXX_3.4.32) for the sake
/// of a symbol that the header of iostream names and that nothing calls: it has no relocation. Systems with GCC 12's
/// libstdc++ (Debian 12, Ubuntu 22.04) refuse the library for that formality alone. Where the ordinary search for it has
/// failed, and only then, this class loads a copy held in memory in which such a need is marked weak (VER_FLG_WEAK of
/// the System V ABI's symbol versions, as the dynamic linker defines it); nothing else is changed, nothing is written to disk.
/// The same event serves programs in which the libraries lie in their packages' own folders, as in a notebook.
/// </remarks>
public static class TorchBackend
{
    private const string Library = "LibTorchSharp";
    private const string File = "libLibTorchSharp.so";
    private static readonly Assembly TorchSharpAssembly = typeof(torch).Assembly;
    private static readonly Lock Gate = new();
    private static nint handle;

    [ThreadStatic]
    private static bool isResolving;

    private static string? failure;

    /// <summary>The version of TorchSharp.</summary>
    public static string TorchSharpVersion { get; } =
        (TorchSharpAssembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? TorchSharpAssembly.GetName().Version!.ToString()).Split('+')[0];

    /// <summary>The version of libtorch that this TorchSharp is made for.</summary>
    public static string LibtorchVersion => torch.__version__;

    /// <summary>
    /// Loads libtorch and TorchSharp's native part now. A program that calls <c>torch</c> before anything of this library
    /// calls this first; else it happens by itself.
    /// </summary>
    /// <exception cref="DllNotFoundException">They do not load; the message says why and what to do.</exception>
    public static void Load()
    {
        try
        {
            LoadTorch();
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception error) when (error is NotSupportedException or TypeInitializationException or DllNotFoundException)
        {
            throw new DllNotFoundException($"TorchSharp {TorchSharpVersion}: its native libraries do not load{(failure is null ? "; reference TorchSharp-cpu or a TorchSharp-cuda package" : $": {failure}")}.", error);
        }
    }

    // A module initializer is the one thing that runs before whatever of this library a program calls first, and a static
    // constructor of TorchSharp that has failed once stays failed.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void Listen() => AssemblyLoadContext.GetLoadContext(TorchSharpAssembly)!.ResolvingUnmanagedDll += Resolve;
#pragma warning restore CA2255

    /// <summary>Marks as weak the version needs of libstdc++ that no relocation refers to.</summary>
    /// <param name="elf">A shared library for 64-bit little-endian Linux, changed in place.</param>
    /// <returns>The versions whose need was marked.</returns>
    internal static IReadOnlyList<string> MarkUnusedNeeds(Span<byte> elf)
    {
        var sections = Sections(elf);
        var symbols = sections.Single(section => section.Type == SectionType.DynamicSymbols);
        var versions = sections.Single(section => section.Type == SectionType.SymbolVersions);
        var needs = sections.Single(section => section.Type == SectionType.VersionNeeds);
        var names = sections[needs.Link].Offset;

        var used = new HashSet<int>(); // version indices of symbols that a relocation refers to
        foreach (var relocations in sections.Where(section => section.Type == SectionType.Relocations))
        {
            for (var at = relocations.Offset; at < relocations.Offset + relocations.Size; at += 24)
            {
                var symbol = Word(elf, at + 12); // the upper half of r_info
                used.Add(symbol < symbols.Size / 24 ? Half(elf, versions.Offset + (2 * symbol)) & 0x7FFF : throw new BadImageFormatException($"{File}: a relocation names symbol {symbol}, which is not there."));
            }
        }

        var marked = new List<string>();
        for (int need = needs.Offset, nextNeed = 1; nextNeed != 0; need += nextNeed)
        {
            nextNeed = Word(elf, need + 12);
            var isCpp = Text(elf, names + Word(elf, need + 4)).StartsWith("libstdc++", StringComparison.Ordinal);
            for (int entry = need + Word(elf, need + 8), next = 1; isCpp && next != 0; entry += next)
            {
                next = Word(elf, entry + 12);
                if (!used.Contains(Half(elf, entry + 6)))
                {
                    elf[entry + 4] |= 2; // VER_FLG_WEAK in vna_flags
                    marked.Add(Text(elf, names + Word(elf, entry + 8)));
                }
            }
        }

        return marked;
    }

    private static nint Resolve(Assembly assembly, string name)
    {
        if (name != Library || assembly != TorchSharpAssembly)
        {
            return 0;
        }

        return OperatingSystem.IsLinux() ? FromFoldersOnce() : isResolving ? 0 : FromTorchSharp();
    }

    private static nint FromFoldersOnce()
    {
        lock (Gate)
        {
            return handle != 0 ? handle : handle = FromFolders();
        }
    }

    // TorchSharp gathers what lies in its packages' folders by itself, but only where something asks it to begin.
    private static nint FromTorchSharp()
    {
        isResolving = true;
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            return NativeLibrary.TryLoad(Library, TorchSharpAssembly, null, out var loaded) ? loaded : 0;
        }
        finally
        {
            isResolving = false;
        }
    }

    private static nint FromFolders()
    {
        // The copy has no folder of its own: what it depends on must be loaded before it.
        if (!LoadTorch() || Find(File) is not { } path)
        {
            return 0;
        }

        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException refused)
        {
            var line = refused.Message.Split('\n').FirstOrDefault(line => line.Contains("GLIBCXX", StringComparison.Ordinal));
            failure = line ?? refused.Message;
            return line is null ? 0 : FromMemory(System.IO.File.ReadAllBytes(path));
        }
    }

    // By its path where that is known: a libtorch of the system's, which the search by name finds first where TorchSharp
    // lies in its package, is of another version.
    private static bool LoadTorch() =>
        (OperatingSystem.IsLinux() && Find("libtorch.so") is { } path && NativeLibrary.TryLoad(path, out _)) || NativeLibrary.TryLoad("torch", TorchSharpAssembly, null, out _);

    private static nint FromMemory(byte[] elf)
    {
        if (MarkUnusedNeeds(elf) is not [_, ..])
        {
            return 0; // every version is needed indeed
        }

        using var memory = new SafeFileHandle(CreateMemoryFile(File, 0), ownsHandle: true);
        if (memory.IsInvalid)
        {
            failure = $"{failure}; a copy that this system would accept cannot be made, for memfd_create failed ({Marshal.GetLastPInvokeErrorMessage()})";
            return 0;
        }

        RandomAccess.Write(memory, elf, 0);
        try
        {
            return NativeLibrary.Load($"/proc/self/fd/{memory.DangerousGetHandle()}");
        }
        catch (DllNotFoundException refused)
        {
            failure = refused.Message;
            return 0;
        }
    }

    // In a program the libraries lie beside it, in a notebook in their packages: beside lib/net8.0/TorchSharp.dll.
    private static string? Find(string file)
    {
        var own = Path.GetDirectoryName(TorchSharpAssembly.Location) is { Length: > 0 } folder ? folder : AppContext.BaseDirectory;
        var package = Path.GetFullPath(Path.Combine(own, "..", ".."));
        var packages = Path.GetFullPath(Path.Combine(package, "..", ".."));
        var runtime = Path.Combine("runtimes", "linux-x64", "native");
        IEnumerable<string> folders =
        [
            .. ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
            own,
            Path.Combine(own, runtime),
            Path.Combine(package, runtime),
            .. Directory.Exists(Path.Combine(packages, "libtorch-cpu-linux-x64")) ? Directory.GetDirectories(Path.Combine(packages, "libtorch-cpu-linux-x64")).Select(version => Path.Combine(version, runtime)) : [],
        ];
        return folders.Select(candidate => Path.Combine(candidate, file)).FirstOrDefault(System.IO.File.Exists);
    }

    private static List<Section> Sections(ReadOnlySpan<byte> elf)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new BadImageFormatException($"{File}: expected a 64-bit little-endian ELF file.");
        }

        var (offset, size, count) = ((int)BinaryPrimitives.ReadInt64LittleEndian(elf[0x28..]), Half(elf, 0x3A), Half(elf, 0x3C));
        var sections = new List<Section>();
        for (var at = offset; sections.Count < count; at += size)
        {
            sections.Add(new Section((SectionType)Word(elf, at + 4), Word(elf, at + 24), Word(elf, at + 32), Word(elf, at + 40)));
        }

        return sections;
    }

    private static int Word(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadInt32LittleEndian(elf[at..]);

    private static int Half(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf[at..]);

    private static string Text(ReadOnlySpan<byte> elf, int at) => Encoding.ASCII.GetString(elf[at..(at + elf[at..].IndexOf((byte)0))]);

    [DllImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    private static extern int CreateMemoryFile([MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint flags);

    private enum SectionType
    {
        Relocations = 4, // SHT_RELA
        DynamicSymbols = 11, // SHT_DYNSYM
        VersionNeeds = 0x6ffffffe, // SHT_GNU_verneed
        SymbolVersions = 0x6fffffff, // SHT_GNU_versym
    }

    private readonly record struct Section(SectionType Type, int Offset, int Size, int Link);
}
