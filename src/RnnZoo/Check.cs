using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo;

/// <summary>Argument checks. They run before any native call, and name the argument, what was expected and what came.</summary>
internal static class Check
{
    public static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Whether a tensor has a shape; <c>Tensor.shape</c> makes an array by a call into native code each time.</summary>
    public static bool HasShape(Tensor tensor, ReadOnlySpan<long> shape)
    {
        var fits = tensor.Dimensions == shape.Length;
        for (var axis = 0; fits && axis < shape.Length; axis++)
        {
            fits = tensor.size(axis) == shape[axis];
        }

        return fits;
    }

    public static long Positive(long value, string name) =>
        value > 0 ? value : throw new ArgumentException($"{name}: expected a size above 0, got {value}.");

    public static double Probability(double value, string name) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentException($"{name}: expected a probability from 0 to 1, got {value}.");

    public static T Known<T>(T value, string name) where T : struct, Enum => Enum.IsDefined(value)
        ? value
        : throw new ArgumentException($"{name}: expected one of {string.Join(", ", Enum.GetNames<T>())}, got {value}.");

    /// <summary>The type that a module is converted to.</summary>
    public static void Floating(ScalarType dtype)
    {
        if (!is_floating_point(dtype))
        {
            throw new ArgumentException($"dtype: expected a floating-point type, got {dtype}.");
        }
    }

    /// <summary>A whole sequence, for a module: three dimensions, the last of size I, at least one step.</summary>
    public static void SequenceInput(Tensor input, RecurrentLayout layout)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Dimensions == 3 && input.size(2) == layout.InputSize && input.size(layout.BatchFirst ? 1 : 0) > 0)
        {
            return;
        }

        var shape = input.shape;
        var axes = layout.BatchFirst ? "[B, T, I]" : "[T, B, I]";
        if (shape.Length != 3 || shape[2] != layout.InputSize)
        {
            var hint = shape.Length == 2 ? $"; add the missing axis with unsqueeze({(layout.BatchFirst ? 0 : 1)}) if it is one sequence" : "";
            throw new ArgumentException($"input: expected {axes} with I = {layout.InputSize}, got {Show(shape)}{hint}.");
        }

        throw new ArgumentException($"input: expected {axes} with T above 0, got {Show(shape)}.");
    }

    /// <summary>Token ids in place of a sequence of vectors: [T, B], at least one step, each below I.</summary>
    public static void Tokens(Tensor tokens, RecurrentLayout layout, Tensor parameter)
    {
        if (tokens.size(layout.BatchFirst ? 1 : 0) == 0)
        {
            throw new ArgumentException($"input: expected token ids {(layout.BatchFirst ? "[B, T]" : "[T, B]")} with T above 0, got {Show(tokens.shape)}.");
        }

        if (!SameDevice(tokens, parameter))
        {
            throw new ArgumentException($"input: expected device {Device(parameter)} as the module's parameters, got {Device(tokens)}; move either with .to(device).");
        }

        TokenInput.CheckRange(tokens, layout.InputSize);
    }

    /// <summary>One step's input, for a cell.</summary>
    public static void CellInput(Tensor x, long inputSize)
    {
        ArgumentNullException.ThrowIfNull(x);
        var shape = x.shape;
        if (shape.Length != 2 || shape[1] != inputSize)
        {
            throw new ArgumentException($"x: expected [B, I] with I = {inputSize}, got {Show(shape)}.");
        }
    }

    /// <summary>Element type and device as those of a module's parameters.</summary>
    public static void Like(nn.Module module, Tensor value, string name)
    {
        if (module.parameters().FirstOrDefault() is not { } parameter)
        {
            return;
        }

        if (value.dtype != parameter.dtype)
        {
            throw new ArgumentException($"{name}: expected dtype {parameter.dtype} as the module's parameters, got {value.dtype}; convert either with .to(dtype).");
        }

        if (!SameDevice(value, parameter))
        {
            throw new ArgumentException($"{name}: expected device {Device(parameter)} as the module's parameters, got {Device(value)}; move either with .to(device).");
        }
    }

    /// <summary>A cell's state: parts [B, S], of x's element type and device.</summary>
    public static void CellState(RecurrentState state, IReadOnlyList<long> sizes, Tensor x)
    {
        CheckCount(state, sizes);
        for (var part = 0; part < sizes.Count; part++)
        {
            StatePart(state[part], PartName(part, ""), "[B, H]", [x.shape[0], sizes[part]], x);
        }
    }

    /// <summary>A module's state: parts [L·D, B, S], of the input's element type and device (of <paramref name="like"/>'s if given).</summary>
    public static void SequenceState(RecurrentState state, IReadOnlyList<long> sizes, RecurrentLayout layout, Tensor input, Tensor? like = null)
    {
        CheckCount(state, sizes);
        for (var part = 0; part < sizes.Count; part++)
        {
            long[] expected = [layout.NumLayers * layout.NumDirections, layout.BatchOf(input), sizes[part]];
            StatePart(state[part], PartName(part, "0"), "[L·D, B, H]", expected, like ?? input);
        }
    }

    /// <summary>Shapes of a state dict against a module's own: native copying would broadcast a wrong one silently.</summary>
    public static void StateDict(nn.Module module, IReadOnlyDictionary<string, Tensor> source, IList<string>? skip)
    {
        ArgumentNullException.ThrowIfNull(source);
        var own = module.state_dict();
        foreach (var (key, value) in source)
        {
            if (skip?.Contains(key) == true || !own.TryGetValue(key, out var target))
            {
                continue;
            }

            ArgumentNullException.ThrowIfNull(value, key);
            if (!value.shape.SequenceEqual(target.shape))
            {
                throw new ArgumentException($"{key}: expected shape {Show(target.shape)}, got {Show(value.shape)}; the state dict comes from a module of other sizes.");
            }
        }
    }

    /// <summary>The shape that a user's cell returned.</summary>
    public static void Returned(RecurrentCell cell, RecurrentState? state, long batch)
    {
        var expected = string.Join(", ", cell.StateSizes.Select(size => Show([batch, size])));
        if (state is null
            || state.Count != cell.StateSizes.Count
            || !state.Select((part, index) => part.shape.SequenceEqual([batch, cell.StateSizes[index]])).All(fits => fits))
        {
            var got = state is null ? "null" : string.Join(", ", state.Select(part => Show(part.shape)));
            throw new InvalidOperationException($"{cell.GetType().Name}.Step: expected a state of shapes {expected}, got {got}.");
        }
    }

    private static void CheckCount(RecurrentState state, IReadOnlyList<long> sizes)
    {
        if (state.Count != sizes.Count)
        {
            throw new ArgumentException($"state: expected {sizes.Count} part(s) ({string.Join(", ", Enumerable.Range(0, sizes.Count).Select(part => PartName(part, "")))}), got {state.Count}.");
        }
    }

    private static string PartName(int part, string suffix) => part switch
    {
        0 => $"h{suffix}",
        1 => $"c{suffix}",
        _ => $"state[{part}]",
    };

    private static void StatePart(Tensor value, string name, string axes, long[] expected, Tensor input)
    {
        if (!HasShape(value, expected))
        {
            throw new ArgumentException($"{name}: expected {axes} = {Show(expected)}, got {Show(value.shape)}.");
        }

        if (value.dtype != input.dtype)
        {
            throw new ArgumentException($"{name}: expected dtype {input.dtype} as the input's, got {value.dtype}; convert it with .to(dtype).");
        }

        if (!SameDevice(value, input))
        {
            throw new ArgumentException($"{name}: expected device {Device(input)} as the input's, got {Device(value)}; move it with .to(device).");
        }
    }

    private static bool SameDevice(Tensor left, Tensor right) =>
        left.device_type == right.device_type && left.device_index == right.device_index;

    private static string Device(Tensor tensor) => tensor.device.ToString();
}
