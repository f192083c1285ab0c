using System.Buffers.Binary;
using System.Text;
using RnnZoo.Files;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class SafeTensorsFuzzTests
{
    private const int Files = 100_000;

    // What a mutation puts into a header: parts of the grammar, and numbers at the edges of types.
    private static readonly string[] Words =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "0", "-1", "1e3", "2.0", "4294967296", "9223372036854775807", "18446744073709551616", "null", "true",
        "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F64\"", "\"BOOL\"", "\"F8_E4M3\"", "\\ud800", "é", "[0,0]", "{}",
    ];

    [Fact]
    public void Open_MutatedFiles_AreReadOrRefusedAndNothingElse()
    {
        var originals = Originals();
        var random = new Random(5);
        var (read, refused) = (0, 0);
        for (var count = 0; count < Files; count++)
        {
            var file = Mutated(originals[random.Next(originals.Length)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(file);
                read++;
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            catch (Exception problem)
            {
                Assert.Fail($"file {count}: {problem.GetType().Name}: {problem.Message}\n{Convert.ToHexString(file)}");
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 40_000 + (64 * file.Length), $"file {count} of {file.Length} bytes: {allocated} bytes allocated\n{Convert.ToHexString(file)}");
        }

        Assert.True(read > 1_000 && refused > Files / 2, $"{read} read, {refused} refused: the mutations are not of all kinds");
    }

    /// <summary>Reads all there is; the tensors take no more memory than the file's own data.</summary>
    private static void ReadAll(byte[] bytes)
    {
        using var file = SafeTensorsFile.Open(new MemoryStream(bytes));
        var total = 0L;
        foreach (var entry in file.Entries)
        {
            using var tensor = file.Read(entry.Name);
            total += tensor.NumberOfElements * tensor.ElementSize;
        }

        Assert.True(total < bytes.Length, "the tensors are larger than their file");
    }

    private static byte[][] Originals()
    {
        using var scope = NewDisposeScope();
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["é"] = "𝄞" };
        return
        [
            Bytes([], null),
            Bytes([new("w", ones(2, 3))], null),
            Bytes([new("truth", ones(3).to(ScalarType.Bool)), new("scalar", tensor(1.0)), new("empty", zeros(2, 0))], metadata),
            Bytes([new("recurrent.weight_ih_l0", ones(4, 1)), new("recurrent.weight_hh_l0", ones(4, 1)), new("readout.bias", ones(1, dtype: ScalarType.BFloat16))], metadata),
        ];
    }

    private static byte[] Bytes(KeyValuePair<string, Tensor>[] tensors, Dictionary<string, string>? metadata)
    {
        using var stream = new MemoryStream();
        SafeTensors.Save(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static byte[] Mutated(byte[] original, Random random)
    {
        List<byte> file = [.. original];
        for (var changes = random.Next(1, 4); changes > 0 && file.Count > 0; changes--)
        {
            Change(file, random);
        }

        return [.. file];
    }

    private static void Change(List<byte> file, Random random)
    {
        var at = random.Next(file.Count);
        switch (random.Next(9))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                file[at] = (byte)random.Next(256);
                break;
            case 2:
                file.RemoveRange(at, file.Count - at);
                break;
            case 3:
                file.AddRange(new byte[random.Next(1, 20)]);
                break;
            case 4:
                file[random.Next(Math.Min(8, file.Count))] = (byte)random.Next(256);
                break;
            case 5:
                file.RemoveRange(at, random.Next(Math.Min(8, file.Count - at)));
                break;
            default:
                ChangeHeader(file, random);
                break;
        }
    }

    /// <summary>Changes the JSON and corrects its length, so that the parser sees the change.</summary>
    private static void ChangeHeader(List<byte> file, Random random)
    {
        if (file.Count < 10 || BinaryPrimitives.ReadUInt64LittleEndian(file.Take(8).ToArray()) is var length && (length < 2 || length > (ulong)file.Count - 8))
        {
            return;
        }

        var at = 8 + random.Next((int)length);
        var removed = random.Next(3) == 0 ? 0 : random.Next(Math.Min(12, 8 + (int)length - at));
        byte[] added = random.Next(3) switch
        {
            0 => [],
            1 => Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]),
            _ => [.. file.Skip(8 + random.Next((int)length)).Take(random.Next(20))],
        };
        file.RemoveRange(at, removed);
        file.InsertRange(at, added);
        var corrected = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(corrected, (long)length - removed + added.Length);
        for (var index = 0; index < 8; index++)
        {
            file[index] = corrected[index];
        }
    }
}
