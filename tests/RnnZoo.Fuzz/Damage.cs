using System.Buffers.Binary;
using System.Text;

namespace RnnZoo.Fuzz;

/// <summary>Changes files as damage and malice do: bits, cuts, repetitions, and numbers and words that mean something.</summary>
internal static class Damage
{
    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "{}", "[]", "[null]", "0", "-1", "1", "15000", "1000000", "2000000000", "4294967296", "9223372036854775807", "18446744073709551616", "1e308", "1e999", "0.5",
            "\"F64\"", "\"F32\"", "\"I32\"", "\"BOOL\"", "\"F8_E4M3\"", "\"shape\"", "\"__metadata__\"", "\\ud800", "é", "NaN", "lstm", "bytes",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], // the largest number in LEB128
        [0x80, 0x80, 0x80, 0x80, 0x08], // 2^31
        [0x80, 0x94, 0xEB, 0xDC, 0x03], // 1,000,000,000
        new byte[8],
    ];

    public static byte[] Of(byte[] file, Random random)
    {
        // Of safetensors half of the changes are to the header, whose length is then made right.
        if (file is [_, _, _, _, _, _, _, _, (byte)'{', ..] && random.Next(2) == 0)
        {
            var length = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
            var (header, prefix) = (Changed(file[8..length], random), new byte[8]);
            BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
            return [.. prefix, .. header, .. file[length..]];
        }

        return Changed(file, random);
    }

    private static byte[] Changed(byte[] original, Random random)
    {
        List<byte> file = [.. original];
        for (var changes = random.Next(3) == 0 ? random.Next(2, 5) : 1; changes > 0 && file.Count > 0; changes--)
        {
            Change(file, random);
        }

        return [.. file];
    }

    private static void Change(List<byte> file, Random random)
    {
        var at = random.Next(file.Count);
        switch (random.Next(8))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                file[random.Next(Math.Min(16, file.Count))] = (byte)random.Next(256);
                break;
            case 2:
                file.RemoveRange(at, file.Count - at);
                break;
            case 3:
                file.RemoveRange(at, random.Next(Math.Min(12, file.Count - at)));
                break;
            case 4:
                file.InsertRange(at, file.Skip(random.Next(file.Count)).Take(random.Next(40)).ToArray());
                break;
            case 5:
                file.InsertRange(at, Words[random.Next(Words.Length)]);
                break;
            default:
                ReplaceNumber(file, at, Words[random.Next(Words.Length)]);
                break;
        }
    }

    /// <summary>Puts a word in the place of the next digits.</summary>
    private static void ReplaceNumber(List<byte> file, int at, byte[] word)
    {
        var start = file.FindIndex(at, letter => char.IsAsciiDigit((char)letter));
        if (start >= 0)
        {
            var end = file.FindIndex(start, letter => !char.IsAsciiDigit((char)letter));
            file.RemoveRange(start, (end < 0 ? file.Count : end) - start);
            file.InsertRange(start, word);
        }
    }
}
