using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Argument checks of a layer's passes; they run before any native call.</summary>
internal static class LayerCheck
{
    // For kernels: they also take token ids [T, B] as input, and a state [1, B, H].
    public static void Forward(Tensor input, RecurrentState initial, LayerWeights weights, int gates, int stateParts, bool hasHiddenWeight, (string Name, long[] Shape)[] further, bool forKernels = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(initial);
        ArgumentNullException.ThrowIfNull(weights);
        var (hidden, size) = (weights.HiddenSize, weights.InputSize);
        var tokens = forKernels && TokenInput.Is(input);
        if (tokens ? input.size(0) == 0 : input.Dimensions != 3 || input.size(0) == 0 || input.size(2) != size)
        {
            throw new ArgumentException($"input: expected [T, B, I] with T above 0 and I = {size}, got {Check.Show(input.shape)}.");
        }

        var like = tokens ? weights.InputWeight : input;
        if ((weights.HiddenWeight is null) == hasHiddenWeight)
        {
            throw new ArgumentException($"weights: expected {(hasHiddenWeight ? "a" : "no")} W_hh, got {(hasHiddenWeight ? "none" : "one")}; they are those of another cell.");
        }

        if (hasHiddenWeight && (weights.InputBias is null) != (weights.HiddenBias is null))
        {
            throw new ArgumentException("weights: expected both biases or none, got one; pass null for both to leave them out.");
        }

        Like(weights.InputWeight, "W_ih", [gates * hidden, size], like);
        Like(weights.HiddenWeight, "W_hh", [gates * hidden, hidden], like);
        Like(weights.InputBias, "b_ih", [gates * hidden], like);
        Like(weights.HiddenBias, "b_hh", hasHiddenWeight ? [gates * hidden] : [], like);
        if (weights.Further.Count != further.Length)
        {
            throw new ArgumentException($"weights.Further: expected {further.Length} tensor(s){(further.Length == 0 ? "" : $" ({string.Join(", ", further.Select(item => item.Name))})")}, got {weights.Further.Count}.");
        }

        foreach (var (value, (name, shape)) in weights.Further.Zip(further))
        {
            Like(value, name, shape, like);
        }

        if (initial.Count != stateParts)
        {
            throw new ArgumentException($"initial: expected {stateParts} part(s), got {initial.Count}.");
        }

        for (var part = 0; part < stateParts; part++)
        {
            long[] shape = forKernels && initial[part].dim() == 3 ? [1, input.size(1), hidden] : [input.size(1), hidden];
            Like(initial[part], part == 0 ? "h_0" : "c_0", shape, like);
        }
    }

    public static void Backward(LayerTape tape, LayerCotangents cotangents, int stateParts, int keptParts)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(cotangents);
        if (tape.States.Count != stateParts || tape.Kept.Count != keptParts)
        {
            throw new ArgumentException($"tape: expected {stateParts} state part(s) and {keptParts} kept tensor(s), got {tape.States.Count} and {tape.Kept.Count}; it comes from another cell.");
        }

        Cotangents(tape.States[0].shape, tape.States[0], cotangents, stateParts);
    }

    public static void Cotangents(long[] output, Tensor like, LayerCotangents cotangents, int stateParts)
    {
        if (stateParts == 1 && cotangents.FinalCell is not null)
        {
            throw new ArgumentException("cotangents.FinalCell: expected null, for this layer has no c.");
        }

        Like(cotangents.Output, "cotangents.Output", output, like);
        Like(cotangents.FinalHidden, "cotangents.FinalHidden", output[1..], like);
        Like(cotangents.FinalCell, "cotangents.FinalCell", output[1..], like);
    }

    private static void Like(Tensor? value, string name, long[] shape, Tensor input)
    {
        if (value is null)
        {
            return;
        }

        if (!Check.HasShape(value, shape))
        {
            throw new ArgumentException($"{name}: expected {Check.Show(shape)}, got {Check.Show(value.shape)}.");
        }

        if (value.dtype != input.dtype || value.device_type != input.device_type || value.device_index != input.device_index)
        {
            throw new ArgumentException($"{name}: expected dtype {input.dtype} on {input.device} as the input's, got {value.dtype} on {value.device}; convert it with .to(...).");
        }
    }
}
