using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace RnnZoo;

/// <summary>Argument checks. They run before any native call, and name the argument, what was expected and what came.</summary>
internal static class Check
{
    public static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>A tensor's shape. <c>Tensor.shape</c> is made by a call back from native code, which takes some ten times as long.</summary>
    public static long[] ShapeOf(Tensor tensor)
    {
        var shape = new long[tensor.Dimensions];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            shape[axis] = tensor.size(axis);
        }

        return shape;
    }

    /// <summary>Whether a tensor has a shape.</summary>
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

    public static double AboveZero(double value, string name) =>
        value > 0 && double.IsFinite(value) ? value : throw new ArgumentException(Message(name, "a number above 0", value));

    public static double NotNegative(double value, string name) =>
        value >= 0 && double.IsFinite(value) ? value : throw new ArgumentException(Message(name, "a number of at least 0", value));

    public static double Probability(double value, string name) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentException(Message(name, "a probability from 0 to 1", value));

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

    /// <summary>A tensor of a shape, and of another's element type and device.</summary>
    public static void Fits(Tensor value, string name, string axes, long[] shape, Tensor like)
    {
        if (!HasShape(value, shape))
        {
            throw new ArgumentException($"{name}: expected {axes} = {Show(shape)}, got {Show(value.shape)}.");
        }

        if (value.dtype != like.dtype)
        {
            throw new ArgumentException($"{name}: expected dtype {like.dtype} as the input's, got {value.dtype}; convert it with .to(dtype).");
        }

        if (!SameDevice(value, like))
        {
            throw new ArgumentException($"{name}: expected device {Device(like)} as the input's, got {Device(value)}; move it with .to(device).");
        }
    }

    /// <summary>Shapes of a state dict against a module's own: native copying would broadcast a wrong one silently.</summary>
    public static void StateDict(nn.Module module, IReadOnlyDictionary<string, Tensor> source, bool strict, IList<string>? skip)
    {
        ArgumentNullException.ThrowIfNull(source);
        var own = module.state_dict();
        string[] missing = [.. own.Keys.Except(source.Keys).Except(skip ?? [])];
        string[] unexpected = [.. source.Keys.Except(own.Keys).Except(skip ?? [])];
        if (strict && missing.Length + unexpected.Length > 0)
        {
            throw new InvalidOperationException($"source: expected exactly the keys of {module.GetName()}; missing: {Some(missing)}; unexpected: {Some(unexpected)}. Give strict: false to load those that both have.");
        }

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

    /// <summary>The first eight of some names; "none" if there are none.</summary>
    public static string Some(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "none",
        <= 8 => string.Join(", ", names),
        _ => $"{string.Join(", ", names.Take(8))} and {names.Count - 8} more",
    };

    public static bool SameDevice(Tensor left, Tensor right) =>
        left.device_type == right.device_type && left.device_index == right.device_index;

    public static string Device(Tensor tensor) => tensor.device.ToString();

    /// <summary>Any condition on an argument.</summary>
    /// <exception cref="ArgumentException">It does not hold.</exception>
    public static void That([DoesNotReturnIf(false)] bool holds, string name, string expected, object? got)
    {
        if (!holds)
        {
            throw new ArgumentException(Message(name, expected, got));
        }
    }

    /// <summary>Any condition on the range of a number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not hold.</exception>
    public static void InRange(bool holds, string name, string expected, object? got)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, got, Message(name, expected, got));
        }
    }

    /// <summary>A number from a lowest to a highest.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static void Between(long value, string name, long lowest, long highest) =>
        InRange(value >= lowest && value <= highest, name, $"{lowest} to {highest}", value);

    /// <summary>A SHA-256.</summary>
    public static void Hash(string text, string field) =>
        That(text.Length == 64 && text.All(char.IsAsciiHexDigitLower), field, "a SHA-256 in 64 lower-case hexadecimal digits", text);

    /// <summary>A check whose message names a field of its own, under another field.</summary>
    public static void Within(string field, Action check) => Within<object?>(field, () =>
    {
        check();
        return null;
    });

    /// <summary>The same of what is made as it is checked.</summary>
    public static T Within<T>(string field, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException problem)
        {
            throw new ArgumentException($"{field}.{problem.Message.Split(" (Parameter ")[0]}", problem);
        }
    }

    private static string Message(string name, string expected, object? got) =>
        FormattableString.Invariant($"{name}: expected {expected}, got {(got is string text ? $"'{text}'" : got ?? "null")}.");
}
