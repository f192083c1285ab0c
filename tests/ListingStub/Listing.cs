namespace ListingStub;

/// <summary>The parsed listing: one line a member, <c>Type :: KIND signature</c>.</summary>
internal sealed class Listing
{
    private readonly Dictionary<string, TypeEntry> _byKey = [];

    public List<TypeEntry> TopLevel { get; } = [];
    public int LineCount { get; private set; }

    /// <summary>The entry of a type of the listing, or null.</summary>
    public TypeEntry? Find(string key) => _byKey.GetValueOrDefault(key);

    public static Listing Read(IEnumerable<string> lines)
    {
        var listing = new Listing();
        var members = new List<(string Owner, string Kind, string Text, string Line)>();
        foreach (string line in lines.Where(l => l.Length > 0))
        {
            listing.LineCount++;
            int separator = line.IndexOf(" :: ", StringComparison.Ordinal);
            if (separator < 0)
            {
                throw new FormatException($"line {listing.LineCount}: expected 'Type :: KIND signature', got '{line}'.");
            }

            string[] rest = line[(separator + 4)..].Split(' ', 2);
            if (rest[0] == "TYPE")
            {
                var entry = SignatureReader.ReadType(rest[1]);
                listing._byKey.Add(entry.Name.Key, entry);
            }
            else
            {
                members.Add((line[..separator], rest[0], rest[1], line));
            }
        }

        foreach (var (owner, kind, text, line) in members)
        {
            var entry = listing._byKey[SignatureReader.ReadType("class " + owner).Name.Key];
            entry.Members.Add(SignatureReader.ReadMember(kind, text) with { Line = line });
        }

        listing.Nest();
        return listing;
    }

    private void Nest()
    {
        foreach (var (key, entry) in _byKey)
        {
            string parent = key.Contains('.') ? key[..key.LastIndexOf('.')] : "";
            (Find(parent)?.Nested ?? TopLevel).Add(entry);
        }
    }
}
