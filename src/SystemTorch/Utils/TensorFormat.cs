namespace TorchSharp.Utils;

/// <summary>TorchSharp's own format: LEB(dtype) LEB(ndim) LEB(each size), then the elements, little-endian, row by row.</summary>
internal static unsafe class TensorFormat
{
    private const int ChunkBytes = 1 << 20;

    public static void Write(torch.Tensor tensor, BinaryWriter writer)
    {
        Leb128.Write(writer, (long)tensor.dtype);
        Leb128.Write(writer, tensor.Dimensions);
        foreach (var length in tensor.shape)
        {
            Leb128.Write(writer, length);
        }
        using var plain = Plain(tensor);
        var data = (byte*)plain.DataPointer();
        var total = plain.NumberOfElements * plain.ElementSize;
        for (var done = 0L; done < total; done += ChunkBytes)
        {
            writer.Write(new ReadOnlySpan<byte>(data + done, (int)Math.Min(ChunkBytes, total - done)));
        }
        GC.KeepAlive(plain);
    }

    public static (torch.ScalarType Type, long[] Shape) ReadHead(BinaryReader reader)
    {
        var type = Leb128.Read(reader);
        if (type > sbyte.MaxValue || !Enum.IsDefined((torch.ScalarType)type))
        {
            throw new InvalidDataException($"dtype: no element type has the number {type}: this is no tensor of TorchSharp's format");
        }
        var shape = new long[Math.Min(Leb128.Read(reader), 65)];
        if (shape.Length == 65)
        {
            throw new InvalidDataException("ndim: more than 64 dimensions: this is no tensor of TorchSharp's format");
        }
        for (var i = 0; i < shape.Length; i++)
        {
            shape[i] = Leb128.Read(reader);
        }
        return ((torch.ScalarType)type, shape);
    }

    public static torch.Tensor Read(BinaryReader reader)
    {
        var (type, shape) = ReadHead(reader);
        RefuseMoreThanThereIs(reader, Bytes(type, shape));
        var tensor = torch.empty(shape, type, torch.CPU);
        try
        {
            Fill(tensor, reader);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    public static void Skip(BinaryReader reader)
    {
        var (type, shape) = ReadHead(reader);
        var rest = Bytes(type, shape);
        RefuseMoreThanThereIs(reader, rest);
        var buffer = new byte[Math.Min(rest, ChunkBytes)];
        while (rest > 0)
        {
            var wanted = (int)Math.Min(rest, buffer.Length);
            reader.BaseStream.ReadExactly(buffer, 0, wanted);
            rest -= wanted;
        }
    }

    /// <summary>Reads into a tensor that must have the stored type and shape; it is changed only where they agree.</summary>
    public static void ReadInto(torch.Tensor tensor, BinaryReader reader)
    {
        var (type, shape) = ReadHead(reader);
        if (type != tensor.dtype)
        {
            throw new ArgumentException($"Mismatched tensor data types while loading. Target {tensor.dtype}, stored {type}.");
        }
        if (!shape.AsSpan().SequenceEqual(tensor.shape))
        {
            throw new ArgumentException(
                $"Mismatched tensor shape while loading. Target [{string.Join(", ", tensor.shape)}], stored [{string.Join(", ", shape)}].");
        }
        using var stored = torch.empty(shape, type, torch.CPU);
        Fill(stored, reader);
        using (torch.no_grad())
        {
            tensor.copy_(stored);
        }
    }

    private static void Fill(torch.Tensor tensor, BinaryReader reader)
    {
        var data = (byte*)tensor.DataPointer();
        var total = tensor.NumberOfElements * tensor.ElementSize;
        for (var done = 0L; done < total; done += ChunkBytes)
        {
            reader.BaseStream.ReadExactly(new Span<byte>(data + done, (int)Math.Min(ChunkBytes, total - done)));
        }
        GC.KeepAlive(tensor);
    }

    private static long Bytes(torch.ScalarType type, long[] shape)
    {
        var total = (long)type.ElementSize();
        foreach (var length in shape)
        {
            total = checked(total * length);
        }
        return total;
    }

    // A damaged head can name any size: no memory is taken for what the stream cannot hold.
    private static void RefuseMoreThanThereIs(BinaryReader reader, long bytes)
    {
        if (reader.BaseStream is { CanSeek: true } stream && bytes > stream.Length - stream.Position)
        {
            throw new EndOfStreamException($"a tensor of {bytes} bytes is announced, {stream.Length - stream.Position} are left");
        }
    }

    private static torch.Tensor Plain(torch.Tensor tensor)
    {
        using (torch.no_grad())
        {
            using var detached = tensor.detach();
            using var onCpu = detached.cpu();
            return onCpu.contiguous();
        }
    }
}
