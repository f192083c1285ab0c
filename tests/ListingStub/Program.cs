namespace ListingStub;

internal static class Program
{
    private const string Usage = """
        usage: ListingStub write LISTING VERSION DIRECTORY
                 Writes projects for the packages TorchSharp and TorchSharp-cpu of that version: every signature of the
                 listing, and bodies that throw. Prints what had to be left out.
               ListingStub check LISTING ASSEMBLY
                 Renders the compiled stub and fails where it does not say what the listing says.
        """;

    public static int Main(string[] arguments)
    {
        if (arguments is ["write", var listing, var version, var directory] && File.Exists(listing))
        {
            return Write(listing, version, directory);
        }

        if (arguments is ["check", var expected, var assembly] && File.Exists(expected) && File.Exists(assembly))
        {
            return RoundTrip.Differences(expected, assembly, LeftOut(expected)) == 0 ? 0 : 1;
        }

        Console.Error.WriteLine($"expected one of the commands below with files that exist, got: {string.Join(' ', arguments)}");
        Console.Error.WriteLine(Usage);
        return 2;
    }

    private static int Write(string path, string version, string directory)
    {
        var listing = Listing.Read(File.ReadLines(path));
        var writer = new StubWriter(listing);
        Packages.Write(directory, version, writer.Write());
        foreach (var (line, reason) in writer.LeftOut)
        {
            Console.WriteLine($"left out: {line}: {reason}");
        }

        Console.WriteLine($"{writer.Expressed} of {listing.LineCount} lines expressed, {writer.LeftOut.Count} left out");
        return writer.Expressed + writer.LeftOut.Count == listing.LineCount ? 0 : 1;
    }

    private static string[] LeftOut(string path)
    {
        var writer = new StubWriter(Listing.Read(File.ReadLines(path)));
        writer.Write();
        return [.. writer.LeftOut.Select(l => l.Line)];
    }
}
