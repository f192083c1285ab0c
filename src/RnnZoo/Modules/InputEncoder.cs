using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Turns a model's input into what its recurrent net reads.</summary>
internal sealed record InputEncoder(InputEncoding Encoding, Embedding? Embedding, long Classes, string Axes)
{
    public static InputEncoder Make(InputEncoding encoding, IRecurrentModule net, long? vocabularySize, Tensor? like)
    {
        var axes = net.BatchFirst ? "[B, T]" : "[T, B]";
        if (encoding != InputEncoding.Embedding)
        {
            return new InputEncoder(encoding, null, net.InputSize, axes);
        }

        var size = vocabularySize ?? throw new ArgumentException("vocabularySize: expected the number of token ids for an embedding, got null.");
        Check.Positive(size, nameof(vocabularySize));
        return new InputEncoder(encoding, nn.Embedding(size, net.InputSize, device: like?.device, dtype: like?.dtype), size, axes);
    }

    /// <param name="input">[T, B, I], or token ids [T, B].</param>
    /// <param name="dtype">The net's element type.</param>
    /// <returns>[T, B, I].</returns>
    public Tensor Encode(Tensor input, ScalarType dtype)
    {
        if (Encoding == InputEncoding.Features)
        {
            return input;
        }

        CheckTokens(input);
        return Embedding is not null
            ? Embedding.call(input) // [T, B, E]
            : nn.functional.one_hot(input, Classes).to(dtype); // [T, B, I]
    }

    // A token outside the vocabulary ends the process in some native kernels, so it is looked for here.
    private void CheckTokens(Tensor input)
    {
        if (input.dtype != ScalarType.Int64 || input.shape.Length != 2)
        {
            throw new ArgumentException($"input: expected token ids {Axes} of dtype Int64, got {Check.Show(input.shape)} of dtype {input.dtype}.");
        }

        if (input.NumberOfElements == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var (lowest, highest) = (input.min().item<long>(), input.max().item<long>());
        if (lowest < 0 || highest >= Classes)
        {
            throw new ArgumentException($"input: expected token ids from 0 to {Classes - 1}, got values from {lowest} to {highest}.");
        }
    }
}
