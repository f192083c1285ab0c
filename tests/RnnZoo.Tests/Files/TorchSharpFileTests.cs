using RnnZoo.Files;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class TorchSharpFileTests
{
    private static readonly byte[] Whole = [1, 1, (byte)'w', 6, 1, 1, 0, 0, 128, 63]; // one entry: "w", Float32, one dimension of 1, 1.0

    [Theory]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.BFloat16)]
    public void Load_WhatTorchSharpSaved_IsTheSame(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var module = new Buffers(type);
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        module.save(writer);
        stream.Position = 0;

        var read = TorchSharpFile.Load(stream, "file");

        Assert.Equal(module.state_dict().Keys, read.Keys);
        Assert.All(module.state_dict(), item => Assert.Equal((item.Value.dtype, Check.Show(item.Value.shape)), (read[item.Key].dtype, Check.Show(read[item.Key].shape))));
        Assert.All(module.state_dict(), item => Assert.Equal(item.Value.bytes.ToArray(), read[item.Key].bytes.ToArray()));
    }

    [Theory]
    [InlineData(128)] // a count in two bytes
    [InlineData(256)] // those with which pickles begin too
    public void Load_ManyEntries_AreRead(int count)
    {
        using var scope = NewDisposeScope();
        byte[] file = [.. (byte[])[(byte)(count & 0x7F | 0x80), (byte)(count >> 7)], .. Enumerable.Range(0, count).SelectMany(number => (byte[])[2, (byte)('a' + (number / 16)), (byte)('a' + (number % 16)), 0, 1, 1, 7])];

        Assert.Equal(count, TorchSharpFile.Load(new MemoryStream(file), "file").Count);
    }

    // Each took the process, gigabytes of memory, or a native call stack.
    [Theory]
    [InlineData(0, new byte[] { 0x80, 0x94, 0xEB, 0xDC, 0x03 }, "1000000000 entries")]
    [InlineData(0, new byte[] { 0 }, "0 entries")]
    [InlineData(0, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 }, "18446744073709551615 entries")]
    [InlineData(0, new byte[] { 2 }, "a file that ends too soon")]
    [InlineData(1, new byte[] { 0xFF, 0xFF, 0x03 }, "65535 bytes of a name")]
    [InlineData(2, new byte[] { 0xFF }, "a name that is no UTF-8")]
    [InlineData(3, new byte[] { 77 }, "77 as the number of an element type, which is that of none of F64, ")]
    [InlineData(3, new byte[] { 9 }, "9 as the number of an element type")] // complex numbers
    [InlineData(3, new byte[] { 0x86, 0x02 }, "262 as the number of an element type")] // 6 in its last byte
    [InlineData(4, new byte[] { 0xFF, 0xFF, 0xFF, 0x0F }, "33554431 dimensions")]
    [InlineData(4, new byte[] { 65 }, "65 dimensions")]
    [InlineData(5, new byte[] { 0x80, 0x94, 0xEB, 0xDC, 0x03 }, "the shape [1000000000] of F32, for which 4 bytes are left")]
    [InlineData(5, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F }, "the shape [9223372036854775807] of F32, for which 4 bytes are left")]
    [InlineData(5, new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 }, "9223372036854775808 as a size")]
    [InlineData(4, new byte[] { 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F }, "the shape [0, 9223372036854775807] of F32")]
    [InlineData(5, new byte[] { 2 }, "the shape [2] of F32, for which 4 bytes are left")]
    [InlineData(5, new byte[] { 0 }, "4 bytes more than its 1 entries take")]
    public void Load_DamagedFile_IsRefusedBeforeMemoryIsTaken(int place, byte[] bytes, string got)
    {
        var before = Expect.LiveTensors;
        byte[] file = [.. Whole[..place], .. bytes, .. Whole[(place == 4 && bytes.Length > 4 ? 6 : place + 1)..]];

        var problem = Assert.Throws<InvalidDataException>(() => TorchSharpFile.Load(new MemoryStream(file), "file"));

        Assert.StartsWith("file: expected a state dict of TorchSharp's format, got " + got, problem.Message, StringComparison.Ordinal);
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void Load_CutShortAnywhere_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(1f, TorchSharpFile.Load(new MemoryStream(Whole), "file")["w"].item<float>());
        for (var length = 0; length < Whole.Length; length++)
        {
            Assert.StartsWith("file: expected ", Assert.Throws<InvalidDataException>(() => TorchSharpFile.Load(new MemoryStream(Whole[..length]), "file")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_TruthThatIsNeither_AndANameTwice_AreRefused()
    {
        Expect.Message<InvalidDataException>("file: w: expected bytes of 0 or 1 for BOOL, found others.", () => TorchSharpFile.Load(new MemoryStream([1, 1, (byte)'w', 11, 1, 1, 2]), "file"));
        Assert.Contains("got 'w' twice;", Assert.Throws<InvalidDataException>(() => TorchSharpFile.Load(new MemoryStream([2, .. Whole[1..], .. Whole[1..]]), "file")).Message, StringComparison.Ordinal);
    }

    private sealed class Buffers : nn.Module
    {
        public Buffers(ScalarType type) : base(nameof(Buffers))
        {
            register_buffer("matrix", arange(15).view(3, 5).remainder(2).to(type));
            register_buffer("é", ones([], dtype: type));
            register_buffer("none", zeros([2, 0], dtype: type));
        }
    }
}
