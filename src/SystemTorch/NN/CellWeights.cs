using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.NN;

/// <summary>Sizes, checks and parameters that the one-step cells share.</summary>
internal sealed class CellWeights(int gates, long inputSize, long hiddenSize, bool bias)
{
    public IEnumerable<(string Name, Parameter Parameter)> Create(Device? device, ScalarType? dtype)
    {
        Check.Positive(inputSize, nameof(inputSize));
        Check.Positive(hiddenSize, nameof(hiddenSize));
        double bound = 1 / Math.Sqrt(hiddenSize);
        long rows = gates * hiddenSize;
        yield return ("weight_ih", RecurrentWeights.Uniform([rows, inputSize], bound, device, dtype));
        yield return ("weight_hh", RecurrentWeights.Uniform([rows, hiddenSize], bound, device, dtype));
        if (bias)
        {
            yield return ("bias_ih", RecurrentWeights.Uniform([rows], bound, device, dtype));
            yield return ("bias_hh", RecurrentWeights.Uniform([rows], bound, device, dtype));
        }
    }

    /// <summary>Throws unless input is [B, I] or [I].</summary>
    public void CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        long[] shape = input.shape;
        if (shape.Length is not (1 or 2) || shape[^1] != inputSize)
        {
            throw new ArgumentException(
                $"input: expected [B, I] or [I] with I = {inputSize}, got [{string.Join(", ", shape)}].", nameof(input));
        }
    }

    /// <summary>The state, checked against the input; zeros when null.</summary>
    public Tensor State(Tensor? state, Tensor input, string name)
    {
        long[] expected = [.. input.shape[..^1], hiddenSize];
        if (state is null)
        {
            return zeros(expected, input.dtype, input.device);
        }

        if (!state.shape.AsSpan().SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"{name}: expected [{string.Join(", ", expected)}], got [{string.Join(", ", state.shape)}].", name);
        }

        return state;
    }
}
