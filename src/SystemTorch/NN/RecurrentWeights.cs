using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.NN;

/// <summary>Sizes and parameters that RNN, LSTM and GRU share; the order of registration is PyTorch's, and so are the random draws.</summary>
internal sealed class RecurrentWeights
{
    public RecurrentWeights(
        int gates, long inputSize, long hiddenSize, long numLayers, bool bias, bool batchFirst, double dropout, bool bidirectional)
    {
        Check.Positive(inputSize, nameof(inputSize));
        Check.Positive(hiddenSize, nameof(hiddenSize));
        Check.Positive(numLayers, nameof(numLayers));
        if (!(dropout >= 0 && dropout <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, $"dropout: expected a probability from 0 to 1, got {dropout}.");
        }

        Gates = gates;
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        Layers = numLayers;
        Bias = bias;
        BatchFirst = batchFirst;
        Dropout = dropout;
        Bidirectional = bidirectional;
    }

    public int Gates { get; }

    public long InputSize { get; }

    public long HiddenSize { get; }

    public long Layers { get; }

    public bool Bias { get; }

    public bool BatchFirst { get; }

    public double Dropout { get; }

    public bool Bidirectional { get; }

    public long StateRows => Layers * (Bidirectional ? 2 : 1);

    /// <summary>Makes all parameters, each drawn from U(-1/√H, 1/√H).</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Create(Device? device, ScalarType? dtype)
    {
        double bound = 1 / Math.Sqrt(HiddenSize);
        long rows = Gates * HiddenSize;
        for (long layer = 0; layer < Layers; layer++)
        {
            foreach (string suffix in Bidirectional ? new[] { $"_l{layer}", $"_l{layer}_reverse" } : [$"_l{layer}"])
            {
                long columns = layer == 0 ? InputSize : HiddenSize * (Bidirectional ? 2 : 1);
                yield return ("weight_ih" + suffix, Uniform([rows, columns], bound, device, dtype));
                yield return ("weight_hh" + suffix, Uniform([rows, HiddenSize], bound, device, dtype));
                if (Bias)
                {
                    yield return ("bias_ih" + suffix, Uniform([rows], bound, device, dtype));
                    yield return ("bias_hh" + suffix, Uniform([rows], bound, device, dtype));
                }
            }
        }
    }

    /// <summary>Throws unless input is [T, B, I] (or [B, T, I]); returns B.</summary>
    public long CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        long[] shape = input.shape;
        if (shape.Length != 3 || shape[2] != InputSize || shape.Any(size => size < 1))
        {
            throw new ArgumentException(
                $"input: expected {(BatchFirst ? "[B, T, I]" : "[T, B, I]")} with I = {InputSize}, got [{string.Join(", ", shape)}].",
                nameof(input));
        }

        return BatchFirst ? shape[0] : shape[1];
    }

    /// <summary>Throws unless the state is [L·D, B, H] and of the input's type.</summary>
    public void CheckState(Tensor state, long batch, Tensor input, string name)
    {
        long[] shape = state.shape;
        if (!shape.AsSpan().SequenceEqual([StateRows, batch, HiddenSize]))
        {
            throw new ArgumentException(
                $"{name}: expected [{StateRows}, {batch}, {HiddenSize}] (layers · directions, B, H), got [{string.Join(", ", shape)}].", name);
        }

        if (state.dtype != input.dtype)
        {
            throw new ArgumentException($"{name}: expected the input's type {input.dtype}, got {state.dtype}.", name);
        }
    }

    public Tensor ZeroState(long batch, Tensor input) => zeros(StateRows, batch, HiddenSize, input.dtype, input.device);

    /// <summary>
    /// A parameter outside all scopes. As the genuine modules do, the values are drawn in the default type and then converted:
    /// a float64 module holds the numbers of the float32 one.
    /// </summary>
    public static Parameter Drawn(long[] shape, Device? device, ScalarType? dtype, Action<Tensor> draw)
    {
        using IDisposable grad = no_grad();
        Tensor values = empty(shape, device: device);
        draw(values);
        if (dtype is { } type && type != values.dtype)
        {
            values = values.to(type, disposeAfter: true);
        }

        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    public static Parameter Uniform(long[] shape, double bound, Device? device, ScalarType? dtype)
        => Drawn(shape, device, dtype, values => nn.init.uniform_(values, -bound, bound));
}
