using System.Buffers.Binary;
using System.Text;
using RnnZoo.Files;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class SafeTensorsRefusalTests
{
    private const string One = """{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    [Theory]
    [InlineData("{\"w\":" + One + "}", 7, "f: expected 8 bytes of data after the header, got 7; the file was cut short.")]
    [InlineData("{\"w\":" + One + "}", 9, "f: expected 8 bytes of data after the header, got 9; something was added to the file.")]
    [InlineData("{}", 1, "f: expected 0 bytes of data after the header, got 1; something was added to the file.")]
    [InlineData("{\"w\":" + One + ",\"w\":" + One + "}", 8, "f: header: w: expected each name once, got it twice.")]
    [InlineData("{\"w\":" + One + ",\"\\u0077\":" + One + "}", 8, "f: header: w: expected each name once, got it twice.")]
    [InlineData("{\"w\":" + One + ",\"v\":" + One + "}", 8, "f: header: v: data_offsets: expected to begin at 8, got 0: an overlap with w.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "f: header: w: data_offsets: expected to begin at 0, got 4: a hole before it.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "f: header: w: data_offsets: expected 12 bytes for [3] of F32, got 0 to 8.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,0]}}", 0, "f: header: w: data_offsets: expected 4 bytes for [] of F32, got 0 to 0.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "f: header: w: data_offsets: expected 8 bytes for [2] of F32, got 8 to 0.")]
    [InlineData("{\"w\":{\"dtype\":\"U64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: header: w: data_offsets: expected 16 bytes for [2] of U64, got 0 to 8.")]
    [InlineData("{\"w\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, "f: header: w: data_offsets: expected 1 bytes for [3] of F4, got 0 to 1.")]
    [InlineData("{\"w\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: header: w: dtype: expected one of safetensors' types (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, and others that TorchSharp lacks), got 'f32'.")]
    [InlineData("{\"w\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "f: header: w: shape: expected a tensor of less than 2^63 bytes, got [4294967296, 4294967296].")]
    [InlineData("{\"w\":{\"dtype\":\"F64\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}", 0, "f: header: w: shape: expected a tensor of less than 2^63 bytes, got [0, 9223372036854775807].")]
    [InlineData("{\"w\":{\"dtype\":\"F64\",\"shape\":[9223372036854775808],\"data_offsets\":[0,0]}}", 0, "f: header: w: shape: expected whole numbers from 0 to 9223372036854775807, got something else.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "f: header: w: shape: expected whole numbers from 0 to 9223372036854775807, got something else.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "f: header: w: shape: expected whole numbers from 0 to 9223372036854775807, got something else.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, "f: header: w: data_offsets: expected at most 2 numbers, got more.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "f: header: w: expected dtype, shape and data_offsets, found no two data_offsets.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "f: header: w: expected dtype, shape and data_offsets, found no shape.")]
    [InlineData("{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: header: w: expected dtype, shape and data_offsets, found no dtype.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: header: w: dtype: expected each name once, got it twice.")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"colour\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: header: w: expected dtype, shape and data_offsets, got 'colour'.")]
    [InlineData("{\"w\":5}", 0, "f: header: w: expected an object with dtype, shape and data_offsets, got Number.")]
    [InlineData("{\"__metadata__\":{\"k\":5}}", 0, "f: header: __metadata__: k: expected a string, got Number.")]
    [InlineData("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "f: header: __metadata__: k: expected each name once, got it twice.")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "f: header: __metadata__: expected each name once, got it twice.")]
    [InlineData(" {}", 0, "f: header: expected JSON that begins with '{', got the byte 0x20.")]
    [InlineData("", 0, "f: header: expected JSON that begins with '{', got nothing.")]
    public void Open_HeaderThatBreaksTheFormat_IsRefusedWithTheReason(string header, int dataLength, string message)
    {
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Open(Encoding.UTF8.GetBytes(header), dataLength)).Message);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"w\":")]
    [InlineData("{}}")]
    [InlineData("{} x")]
    [InlineData("{\"w\":{\"dtype\":\"F32\",\"shape\":[[[[[[[[[[2]]]]]]]]]],\"data_offsets\":[0,8]}}")]
    [InlineData("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}")]
    [InlineData("{\"\\ud800\":{}}")]
    [InlineData("{\"__metadata__\":{\"k\":\"\\udc00\"}}")]
    [InlineData("{'w':{}}")]
    [InlineData("{/* */}")]
    public void Open_HeaderThatIsNoJson_IsRefused(string header)
    {
        var problem = Assert.Throws<InvalidDataException>(() => Open(Encoding.UTF8.GetBytes(header), 8));

        Assert.StartsWith("f: header: ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NameThatIsLongOrNotPrintable_IsShortAndPrintableInTheMessage()
    {
        var header = "{\"\\u001b[2J\\n\\u202e" + new string('w', 1_000_000) + "\":5}";

        var problem = Assert.Throws<InvalidDataException>(() => Open(Encoding.UTF8.GetBytes(header), 0));

        Assert.StartsWith("f: header: \\u001B[2J\\u000A\\u202Ewww", problem.Message, StringComparison.Ordinal);
        Assert.InRange(problem.Message.Length, 100, 1_000);
    }

    [Fact]
    public void Open_HeaderThatIsNoUtf8_IsRefused()
    {
        byte[] header = [.. "{\""u8, 0xC3, 0x28, .. "\":{}}"u8];

        Assert.Equal("f: header: expected UTF-8, got bytes that are none.", Assert.Throws<InvalidDataException>(() => Open(header, 0)).Message);
    }

    [Theory]
    [InlineData(new byte[0], "f: expected a safetensors file, which begins with 8 bytes for the length of its header, got 0 bytes in all.")]
    [InlineData(new byte[] { 1, 2, 3 }, "f: expected a safetensors file, which begins with 8 bytes for the length of its header, got 3 bytes in all.")]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }, "f: expected a header of at most 0 bytes, got a length of 1; this is no safetensors file, or it was cut short.")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 0 }, "f: expected a header of at most 1 bytes, got a length of 18446744073709551615; this is no safetensors file, or it was cut short.")]
    public void Open_LengthThatTheFileHasNot_IsRefused(byte[] file, string message)
    {
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(new MemoryStream(file), "f")).Message);
    }

    [Theory]
    [InlineData("U64", 8)]
    [InlineData("U16", 2)]
    [InlineData("F8_E4M3", 1)]
    public void TensorOfATypeThatTorchSharpLacks_IsRefusedWhenItIsRead_AndNoOther(string dtype, int size)
    {
        using var scope = NewDisposeScope();
        var header = $$$"""{"odd":{"dtype":"{{{dtype}}}","shape":[2],"data_offsets":[0,{{{2 * size}}}]},"w":{"dtype":"F32","shape":[2],"data_offsets":[{{{2 * size}}},{{{(2 * size) + 8}}}]}}""";
        using var file = SafeTensorsFile.Open(new MemoryStream([.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[(2 * size) + 4], .. BitConverter.GetBytes(1.5f)]), "f");

        Assert.Equal([0f, 1.5f], file.Read("w").data<float>().ToArray());
        Assert.Equal((dtype, null), (file.Entries[0].DType, file.Entries[0].Type));
        Assert.StartsWith($"f: odd: dtype: expected one that TorchSharp has too (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL), got '{dtype}'; ", Assert.Throws<InvalidDataException>(() => file.Read("odd")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LongerHeaderThanTheReferenceTakes_IsRefusedUnread()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("long");
        using (var file = File.Create(path))
        {
            file.Write([0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0]); // 100,000,001
            file.SetLength(200_000_000); // a hole: takes no room on the disk
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Read_TruthValuesOtherThanZeroAndOne_AreRefused()
    {
        using var file = Open("""{"w":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}"""u8.ToArray(), [0, 1, 2]);

        Assert.Equal("f: w: expected bytes of 0 or 1 for BOOL, found others.", Assert.Throws<InvalidDataException>(() => file.Read("w")).Message);
    }

    [Fact]
    public void Read_FileCutShortAfterOpening_IsRefused()
    {
        using var stream = new MemoryStream();
        using (var tensor = ones(5))
        {
            SafeTensors.Save(stream, [new("w", tensor)]);
        }

        stream.Position = 0;
        using var file = SafeTensorsFile.Open(stream, "f");
        stream.SetLength(stream.Length - 1);

        Assert.Equal("f: w: expected 20 bytes, found fewer; the file was cut short since it was opened.", Assert.Throws<InvalidDataException>(() => file.Read("w")).Message);
    }

    [Fact]
    public void Open_OtherOrdersAndWhiteSpace_AreTaken()
    {
        const string header = """
            { "e": {"shape": [2, 0], "dtype": "I64", "data_offsets": [4, 4]},
              "b": {"data_offsets": [4, 12], "shape": [1], "dtype": "F64"}, "__metadata__": {},
              "a": {"dtype": "U8", "shape": [2, 2], "data_offsets": [0, 4]} }

            """;

        using var file = Open(Encoding.UTF8.GetBytes(header), [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]); // b is not aligned

        using var scope = NewDisposeScope();
        Assert.Equal(["e", "b", "a"], file.Entries.Select(entry => entry.Name));
        Assert.Equal([1.0], file.Read("b").data<double>().ToArray());
        Assert.Equal([2L, 0], file.Read("e").shape);
        Assert.Equal([1, 2, 3, 4], file.Read("a").bytes.ToArray());
    }

    private static SafeTensorsFile Open(byte[] header, int dataLength) => Open(header, new byte[dataLength]);

    private static SafeTensorsFile Open(byte[] header, byte[] data)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return SafeTensorsFile.Open(new MemoryStream([.. prefix, .. header, .. data]), "f");
    }
}
