using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A drop-in for nn.RNN: an Elman net of L layers, with tanh, ReLU or, beyond nn.RNN, a linear activation.
/// Equations in <see cref="VanillaRnnCell"/>; keys, shapes and initial values as nn.RNN.
/// </summary>
public sealed class VanillaRnn : HiddenStateModule
{
    /// <summary>Makes the net; the parameters are those of nn.RNN.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="nonLinearity">tanh or ReLU.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or the nonlinearity is unknown.</exception>
    public VanillaRnn(long inputSize, long hiddenSize, long numLayers = 1, nn.NonLinearities nonLinearity = nn.NonLinearities.Tanh, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(inputSize, hiddenSize, numLayers, VanillaRnnCell.FromTorch(nonLinearity), bias, batchFirst, dropout, bidirectional, device, dtype)
    {
    }

    /// <summary>Makes the net with an activation of ours; <see cref="Activation.Linear"/> has no native path.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="activation">tanh, ReLU or linear.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or the activation is unknown.</exception>
    public VanillaRnn(long inputSize, long hiddenSize, long numLayers, Activation activation, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), Check.Known(activation, nameof(activation)), bias, device, dtype)
    {
    }

    private VanillaRnn(RecurrentLayout layout, Activation activation, bool bias, Device? device, ScalarType? dtype)
        : this(layout, activation, NativeFor(layout, activation, bias, device, dtype), bias, device, dtype)
    {
    }

    private VanillaRnn(RecurrentLayout layout, Activation activation, NativeRecurrence? native, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(VanillaRnn), layout, [.. layout.Positions().Select(at => native is null
            ? new VanillaRnnCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, activation, bias, device, dtype)
            : new VanillaRnnCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, activation, native.WeightsOf(at.Layer, at.Direction)))], native) =>
        Activation = activation;

    /// <summary>The nonlinearity.</summary>
    public Activation Activation { get; }

    private protected override string WhyNoNative => $" with activation {Activation}";

    /// <inheritdoc/>
    public override VanillaRnn Clone() => Copied((layout, bias) => new VanillaRnn(layout, Activation, bias, null, null));

    /// <summary>
    /// Makes an IRNN: ReLU, and initial values as in <see cref="Initialisers.Irnn"/>, the recurrent matrix the identity. Clip its
    /// gradients. Source: Q. V. Le, N. Jaitly and G. Hinton, 2015.
    /// </summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="scale">The factor of the identity, above 0.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <returns>A net that nothing tells from others of its kind but its initial values.</returns>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or the scale is not a number above 0.</exception>
    public static VanillaRnn Irnn(long inputSize, long hiddenSize, long numLayers = 1, double scale = 1, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
    {
        var initialiser = Initialisers.Irnn(scale);
        var net = new VanillaRnn(inputSize, hiddenSize, numLayers, Activation.Relu, bias: true, batchFirst, dropout, bidirectional, device, dtype);
        initialiser.Apply(net);
        return net;
    }

    private static NativeRecurrence? NativeFor(RecurrentLayout layout, Activation activation, bool bias, Device? device, ScalarType? dtype) => activation switch
    {
        Activation.Tanh => NativeRecurrence.Rnn(layout, nn.NonLinearities.Tanh, bias, device, dtype),
        Activation.Relu => NativeRecurrence.Rnn(layout, nn.NonLinearities.ReLU, bias, device, dtype),
        _ => null,
    };
}
