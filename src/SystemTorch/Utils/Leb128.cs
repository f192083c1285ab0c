namespace TorchSharp.Utils;

/// <summary>Unsigned LEB128: seven bits a byte, lowest first, the high bit set on all but the last.</summary>
internal static class Leb128
{
    public static void Write(BinaryWriter writer, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var rest = (ulong)value;
        while (rest >= 0x80)
        {
            writer.Write((byte)(rest | 0x80));
            rest >>= 7;
        }
        writer.Write((byte)rest);
    }

    public static long Read(BinaryReader reader)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = reader.ReadByte();
            if (shift > 63 || (shift == 63 && (part & 0x7E) != 0))
            {
                throw new InvalidDataException("a number is longer than 64 bits: this is no file of TorchSharp's format");
            }
            value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
            {
                return (long)value;
            }
        }
    }
}
