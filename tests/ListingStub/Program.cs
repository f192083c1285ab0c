namespace ListingStub;

internal static class Program
{
    private const string Usage = "usage: ListingStub LISTING VERSION DIRECTORY\n"
        + "Writes projects for the packages TorchSharp and TorchSharp-cpu of that version, which compile and do nothing.";

    public static int Main(string[] arguments)
    {
        if (arguments is not [var path, var version, var directory])
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"LISTING: expected a file, got '{path}', which is not there.");
            return 1;
        }

        var listing = Listing.Read(File.ReadLines(path));
        var writer = new StubWriter(listing);
        string source = writer.Write();
        Packages.Write(directory, version, source);
        foreach (string member in writer.LeftOut)
        {
            Console.WriteLine($"left out: {member}");
        }

        Console.WriteLine($"{writer.Expressed} of {listing.LineCount} lines expressed, {writer.LeftOut.Count} left out");
        return writer.Expressed + writer.LeftOut.Count == listing.LineCount ? 0 : 1;
    }
}
