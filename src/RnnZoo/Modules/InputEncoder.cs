using RnnZoo.Bptt;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Turns a model's input into what its recurrent net reads.</summary>
internal sealed record InputEncoder(InputEncoding Encoding, Embedding? Embedding, long Classes, string Axes, bool NetReadsTokens)
{
    public static InputEncoder Make(InputEncoding encoding, IRecurrentModule net, long? vocabularySize, Tensor? like)
    {
        var axes = net.BatchFirst ? "[B, T]" : "[T, B]";
        if (encoding != InputEncoding.Embedding)
        {
            return new InputEncoder(encoding, null, net.InputSize, axes, net is IHandWritten);
        }

        var size = vocabularySize ?? throw new ArgumentException("vocabularySize: expected the number of token ids for an embedding, got null.");
        Check.Positive(size, nameof(vocabularySize));
        return new InputEncoder(encoding, nn.Embedding(size, net.InputSize, device: like?.device, dtype: like?.dtype), size, axes, NetReadsTokens: false);
    }

    /// <param name="input">[T, B, I], or token ids [T, B].</param>
    /// <param name="dtype">The net's element type.</param>
    /// <returns>[T, B, I]; or [T, B] as it came, where the net reads token ids as one-hot vectors by itself.</returns>
    public Tensor Encode(Tensor input, ScalarType dtype)
    {
        if (Encoding == InputEncoding.Features)
        {
            return input;
        }

        if (!TokenInput.Is(input))
        {
            throw new ArgumentException($"input: expected token ids {Axes} of dtype Int64, got {Check.Show(input.shape)} of dtype {input.dtype}.");
        }

        if (Embedding is null && NetReadsTokens)
        {
            return input;
        }

        TokenInput.CheckRange(input, Classes);
        return Embedding is not null
            ? Embedding.call(input) // [T, B, E]
            : TokenInput.OneHot(input, Classes, dtype); // [T, B, I]
    }
}
