using System.Buffers.Binary;
using Tensorboard;

namespace RnnZoo.Tests.Training;

/// <summary>
/// Event files of TensorBoard, read by nothing that wrote them: TFRecord's framing, with both checksums of each record computed
/// bit by bit, and what TensorBoard shows of several files together.
/// </summary>
internal static class EventFile
{
    /// <summary>The events of a file. A last record that was cut short is left out, as TensorBoard does.</summary>
    public static List<Event> Read(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        var events = new List<Event>();
        while (rest.Length >= 12 && BinaryPrimitives.ReadInt64LittleEndian(rest) is var length && rest.Length >= length + 16)
        {
            Assert.Equal(Masked(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            var data = rest.Slice(12, (int)length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + (int)length)..]));
            events.Add(Event.Parser.ParseFrom(data.ToArray())); // a span is more than these messages can read
            rest = rest[(16 + (int)length)..];
        }

        Assert.All(events.Take(1), first => Assert.Equal("brain.Event:2", first.FileVersion)); // none in the file of a process that was killed at once
        return events;
    }

    /// <summary>The only file of a folder.</summary>
    public static List<Event> Only(string folder) => Read(Assert.Single(Files(folder)));

    /// <summary>The files of a folder, in the order in which TensorBoard reads them.</summary>
    public static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*tfevents*").Order(StringComparer.Ordinal)];

    /// <summary>What TensorBoard shows of a folder: where a session starts at a step, what was there from that step on is dropped.</summary>
    public static List<Event> Shown(string folder)
    {
        var shown = new List<Event>();
        foreach (var happened in Files(folder).SelectMany(Read))
        {
            if (happened.SessionLog?.Status == SessionLog.Types.SessionStatus.Start)
            {
                shown.RemoveAll(earlier => earlier.Step >= happened.Step);
            }

            shown.Add(happened);
        }

        return shown;
    }

    /// <summary>The points of a scalar.</summary>
    public static (long Step, float Value)[] Scalars(IEnumerable<Event> events, string tag) =>
        [.. Values(events, tag).Select(found => (found.Step, found.Value.SimpleValue))];

    /// <summary>The histograms of a tag.</summary>
    public static (long Step, HistogramProto Value)[] Histograms(IEnumerable<Event> events, string tag) =>
        [.. Values(events, tag).Select(found => (found.Step, found.Value.Histo))];

    /// <summary>All tags, each once.</summary>
    public static string[] Tags(IEnumerable<Event> events) =>
        [.. events.Where(happened => happened.Summary is not null).SelectMany(happened => happened.Summary.Value).Select(value => value.Tag).Distinct().Order(StringComparer.Ordinal)];

    private static IEnumerable<(long Step, Summary.Types.Value Value)> Values(IEnumerable<Event> events, string tag) =>
        from happened in events
        where happened.Summary is not null
        from value in happened.Summary.Value
        where value.Tag == tag
        select (happened.Step, value);

    // CRC-32C (Castagnoli; RFC 3720, B.4), masked as TFRecord has it.
    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var part in data)
        {
            crc ^= part;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}
