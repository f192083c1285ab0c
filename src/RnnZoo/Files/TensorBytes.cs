using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>Moves a tensor's elements to and from streams, row by row in memory's order.</summary>
internal static class TensorBytes
{
    private const long LargestPiece = 1 << 28; // a span holds less than 2 GiB

    /// <summary>Writes the elements of any tensor.</summary>
    public static void Write(Tensor tensor, Stream stream)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var dense = tensor.detach().cpu().contiguous();
        foreach (var piece in Pieces(dense))
        {
            stream.Write(piece.bytes);
            piece.Dispose();
        }
    }

    /// <summary>Fills a dense tensor on the CPU.</summary>
    /// <exception cref="EndOfStreamException">The stream ends before.</exception>
    public static void Read(Tensor tensor, Stream stream)
    {
        using var scope = NewDisposeScope();
        foreach (var piece in Pieces(tensor))
        {
            stream.ReadExactly(piece.bytes);
            piece.Dispose();
        }
    }

    /// <summary>Whether every element of a tensor of Bool is 0 or 1: libtorch takes that for granted.</summary>
    public static bool AreTruthValues(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        foreach (var piece in Pieces(tensor))
        {
            if (piece.bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
            {
                return false;
            }

            piece.Dispose();
        }

        return true;
    }

    private static IEnumerable<Tensor> Pieces(Tensor dense)
    {
        var flat = dense.view(-1); // [N]
        var length = LargestPiece / flat.ElementSize;
        for (var start = 0L; start < flat.NumberOfElements; start += length)
        {
            yield return flat.narrow(0, start, Math.Min(length, flat.NumberOfElements - start));
        }
    }
}
