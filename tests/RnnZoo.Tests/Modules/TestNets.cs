using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The nets that tests go through: those of the registry, the vanilla one by its activations.</summary>
internal static class TestNets
{
    /// <summary>tanh, relu and linear, and the names of the other nets.</summary>
    public static string[] Names { get; } = [.. Enum.GetNames<Activation>().Select(name => name.ToLowerInvariant()), .. RecurrentNets.Names.Except(["vanilla", "irnn"])];

    /// <summary>The minLSTM whose gates are not normalised, which <see cref="Make"/> makes beside the nets of <see cref="Names"/>.</summary>
    public const string PlainMinLstm = "minlstm-plain";

    /// <summary>Makes a net in float64, unless the options say otherwise.</summary>
    public static IRecurrentModule Make(string name, NetOptions options)
    {
        options = options with { DType = options.DType ?? ScalarType.Float64 };
        if (name == PlainMinLstm)
        {
            return new MinLstm(options.InputSize, options.HiddenSize, options.NumLayers, options.Bias, options.BatchFirst, options.Dropout, options.Bidirectional, normalise: false, options.Device, options.DType);
        }

        return Enum.TryParse<Activation>(name, ignoreCase: true, out var activation)
            ? RecurrentNets.Named("vanilla").Make(options with { Activation = activation })
            : RecurrentNets.Named(name) is var net && net.HasBias ? net.Make(options) : net.Make(options with { Bias = true });
    }

    /// <summary>A cell of a net, in float64; the net that it comes from is not disposed.</summary>
    public static EquationCell Cell(string name, long inputs = 5, long hidden = 11, bool bias = true) =>
        (EquationCell)Make(name, new NetOptions(inputs, hidden) { Bias = bias }).CellAt(0);
}
