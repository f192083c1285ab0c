using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Options;

/// <summary>The nets by the names that commands take.</summary>
internal static class Nets
{
    /// <summary>All, in the order in which they get their colours.</summary>
    public static IReadOnlyList<string> All => SequenceModel.Names;

    /// <summary>Those with a native counterpart in libtorch, which commands take that look inside a net.</summary>
    public static IReadOnlyList<string> Native { get; } = ["vanilla", "lstm", "gru"];

    /// <summary>The place of a net's colour in the palette.</summary>
    public static int Colour(string name) => All.ToList().IndexOf(name);

    /// <summary>Makes one of <see cref="Native"/>.</summary>
    public static IRecurrentModule Make(
        string name, long inputs, long hidden, long layers = 1, bool bidirectional = false, bool bias = true, Activation activation = Activation.Tanh, ScalarType? dtype = null) => name switch
        {
            "vanilla" => new VanillaRnn(inputs, hidden, layers, activation, bias, bidirectional: bidirectional, dtype: dtype),
            "lstm" => new Lstm(inputs, hidden, layers, bias, bidirectional: bidirectional, dtype: dtype),
            "gru" => new Gru(inputs, hidden, layers, bias, bidirectional: bidirectional, dtype: dtype),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"name: expected one of {string.Join(", ", Native)}, got '{name}'."),
        };
}
