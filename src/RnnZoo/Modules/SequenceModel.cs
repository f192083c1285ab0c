using System.Runtime.CompilerServices;
using RnnZoo.Bptt;
using RnnZoo.Cells;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Input → recurrent net → linear readout at every step.</summary>
/// <remarks>
/// Keys: <c>recurrent.*</c> as the net's own, <c>readout.weight</c> [O, D·H], <c>readout.bias</c> [O] and, with an
/// embedding, <c>embedding.weight</c> [V, E]. The model owns its parts. Where the net is batch first, read [B, T] for [T, B].
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed class SequenceModel : nn.Module<Tensor, RecurrentState?, RecurrentResult>, Display.ITable
{
    private readonly InputEncoder _encoder;
    private readonly ReadoutHolder _readout;
    private readonly LengthsPast _lengths = new();

    /// <summary>Joins a recurrent net of this library with a new readout.</summary>
    /// <param name="recurrent">The net; the model takes it over.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="encoding">What comes in.</param>
    /// <param name="vocabularySize">V, for an embedding; the net's input size is then the embedding's size. Not used otherwise.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or the net is no module.</exception>
    public SequenceModel(IRecurrentModule recurrent, long outputSize, InputEncoding encoding = InputEncoding.Features, long? vocabularySize = null)
        : base(nameof(SequenceModel))
    {
        ArgumentNullException.ThrowIfNull(recurrent);
        Check.Positive(outputSize, nameof(outputSize));
        if (recurrent is not nn.Module net)
        {
            throw new ArgumentException($"recurrent: expected a module, got {recurrent.GetType().Name}.");
        }

        Recurrent = recurrent;
        var like = net.parameters().FirstOrDefault();
        _encoder = InputEncoder.Make(Check.Known(encoding, nameof(encoding)), recurrent, vocabularySize, like);
        _readout = new ReadoutHolder(new ReadoutLayer(recurrent, outputSize, like));
        OutputSize = outputSize;
        if (_encoder.Embedding is { } embedding)
        {
            register_module("embedding", embedding);
        }

        register_module("recurrent", net);
        register_module("readout", _readout.Layer);
        foreach (var parameter in parameters())
        {
            parameter.DetachFromDisposeScope();
        }
    }

    /// <summary>The recurrent net.</summary>
    public IRecurrentModule Recurrent { get; }

    /// <summary>What comes in.</summary>
    public InputEncoding Encoding => _encoder.Encoding;

    /// <summary>O.</summary>
    public long OutputSize { get; }

    /// <summary>The embedding [V, E], or null.</summary>
    internal Tensor? Embedding => _encoder.Embedding?.weight;

    /// <summary>What the net reads [T, B, ·], or token ids that it takes as one-hot vectors [T, B].</summary>
    internal Tensor Encode(Tensor input) => _encoder.Encode(input, Readout.Weight.dtype);

    /// <summary>The readout.</summary>
    internal ReadoutLayer Readout => _readout.Layer;

    /// <summary>How the net finds its gradient.</summary>
    public BackwardPath Backward
    {
        get => Recurrent.Backward;
        set => Recurrent.Backward = value;
    }

    /// <summary>The names of the nets that <see cref="Create"/> makes, as every command and file of this project spells them.</summary>
    public static IReadOnlyList<string> Names => RecurrentNets.Names;

    /// <summary>Makes a model by the name of its net.</summary>
    /// <param name="cellName">One of <see cref="Names"/>.</param>
    /// <param name="inputSize">I: the number of features, or of token ids.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="encoding">What comes in.</param>
    /// <param name="embeddingSize">E, for an embedding; H if null.</param>
    /// <param name="activation">The activation of a vanilla net.</param>
    /// <param name="dropout">Dropout between layers.</param>
    /// <param name="bidirectional">Whether every layer also reads backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <param name="settings">Constants of the net's equations by their names in <see cref="RecurrentNet.Settings"/>; the usual ones if null.</param>
    /// <returns>A model with time first: input [T, B, ·], output [T, B, O].</returns>
    /// <exception cref="ArgumentException">The name or a setting is unknown, a size is zero or less, or a setting is out of its range.</exception>
    public static SequenceModel Create(string cellName, long inputSize, long hiddenSize, long outputSize, long numLayers = 1, InputEncoding encoding = InputEncoding.Features, long? embeddingSize = null, Activation activation = Activation.Tanh, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null, IReadOnlyDictionary<string, double>? settings = null)
    {
        ArgumentNullException.ThrowIfNull(cellName);
        Check.Positive(inputSize, nameof(inputSize));
        Check.Positive(outputSize, nameof(outputSize));
        var embedded = encoding == InputEncoding.Embedding;
        var netInput = embedded ? Check.Positive(embeddingSize ?? hiddenSize, nameof(embeddingSize)) : inputSize;
        var net = RecurrentNets.Named(cellName, nameof(cellName)).Make(new NetOptions(netInput, hiddenSize, numLayers)
        {
            Activation = activation == Activation.Tanh ? null : activation,
            Settings = settings ?? new Dictionary<string, double>(),
            Dropout = dropout,
            Bidirectional = bidirectional,
            Device = device,
            DType = dtype,
        });
        return new SequenceModel(net, outputSize, encoding, embedded ? inputSize : null);
    }

    /// <summary>
    /// How many parameters <see cref="Create"/> would make, found without making them: what a file says is compared with the bytes
    /// that are there before memory is taken for it. Never too many.
    /// </summary>
    internal static double CountOf(string cellName, long inputSize, long hiddenSize, long outputSize, long numLayers = 1, long? embeddingSize = null) =>
        RecurrentNets.Named(cellName, nameof(cellName)).CountOf(new NetOptions(embeddingSize ?? inputSize, hiddenSize, numLayers))
        + (outputSize * (hiddenSize + 1.0)) + ((double)inputSize * (embeddingSize ?? 0));

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or token ids [T, B].</param>
    /// <param name="state">The net's initial state, parts [L·D, B, S]; zeros if null.</param>
    /// <returns>Output [T, B, O] and the net's final state.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    [OverloadResolutionPriority(1)] // so that null is a state
    public new RecurrentResult call(Tensor input, RecurrentState? state = null) => _lengths.With(null, () => base.call(input, state));

    /// <summary>Runs sequences of several lengths, hooks included; the lengths go past them.</summary>
    /// <param name="input">[T, B, I], or token ids [T, B].</param>
    /// <param name="lengths">[B] (int64): how many steps each sequence has, from 1 to T, in any order.</param>
    /// <param name="state">The net's initial state, parts [L·D, B, S]; zeros if null.</param>
    /// <returns>Output [T, B, O], in padding the readout of zeros, and the net's final state, each sequence's after its own last step.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public RecurrentResult call(Tensor input, Tensor lengths, RecurrentState? state = null)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        return _lengths.With(lengths, () => base.call(input, state));
    }

    /// <summary>Runs a sequence without hooks of this module; arguments and results as in <see cref="call(Tensor, RecurrentState?)"/>.</summary>
    public override RecurrentResult forward(Tensor input, RecurrentState? state = null)
    {
        var lengths = _lengths.Take();
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var encoded = Encode(input); // [T, B, ·]
        var (hidden, final) = lengths is null ? Recurrent.Run(encoded, state) : Recurrent.Run(encoded, lengths, state); // [T, B, D·H]
        var output = _readout.Layer.call(hidden); // [T, B, O]
        return new RecurrentResult(output.MoveToOuterDisposeScope(), final.KeepFrom(scope));
    }

    /// <summary>Makes steps one by one, in evaluation mode, without autograd: embedding, net and readout.</summary>
    /// <param name="batch">B: how many sequences run side by side.</param>
    /// <returns>A stepper with a state of zeros, and the weights as they are now.</returns>
    /// <exception cref="ArgumentException">The batch is below 1.</exception>
    /// <exception cref="NotSupportedException">The net is bidirectional, is not of float32, or has a user's own cell.</exception>
    public Stepper Stepper(int batch = 1) => new(Recurrent, this, batch);

    /// <summary>Makes an independent model: the net as by <see cref="IRecurrentModule.Clone"/>, and so the embedding and the readout.</summary>
    /// <returns>The model, to be disposed by itself.</returns>
    /// <exception cref="InvalidOperationException">The factory of a <see cref="Modules.Recurrent"/> gives other cells than it did, or the same objects.</exception>
    public SequenceModel Clone() => ModuleCopy.Of(this, () => new SequenceModel(Recurrent.Clone(), OutputSize, Encoding, _encoder.Classes));

    /// <summary>Copies a state dict in, after checking that every shape is exactly the model's own.</summary>
    /// <param name="source">Tensors under the model's keys.</param>
    /// <param name="strict">Whether the keys must be exactly the model's own.</param>
    /// <param name="skip">Keys to leave alone.</param>
    /// <returns>The missing and the unexpected keys.</returns>
    /// <exception cref="InvalidOperationException">Strict, and keys differ; the message names them.</exception>
    /// <exception cref="ArgumentException">A shape differs; the message names the key.</exception>
    public override (IList<string>, IList<string>) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        Check.StateDict(this, source, strict, skip);
        return base.load_state_dict(source, strict: false, skip); // strictly, the base asks for the same order too
    }

    /// <summary>The model for a notebook: what it is, and its parameters.</summary>
    /// <returns>A table as HTML.</returns>
    public string ToHtml() => ModuleTable.Of(this, $"{ModuleTable.Describe(Recurrent)}; input: {Encoding}; readout: {OutputSize}");

    /// <summary>Disposes the parts.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _lengths.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Nothing: the parts are registered at construction.</summary>
    protected override void RegisterComponents()
    {
    }

    // Holders keep the parts out of sight of field reflection, which would register them under their fields' names.
    private sealed record ReadoutHolder(ReadoutLayer Layer);
}

/// <summary>A linear layer after a recurrent net, as <c>nn.Linear</c>; where the net's gradient is written by hand, so is the layer's.</summary>
internal sealed class ReadoutLayer : nn.Module<Tensor, Tensor>
{
    private readonly BackwardFailures _failures = new("readout");
    private readonly Func<BackwardPath> _path; // the net in a field would be registered as a part

    /// <param name="net">The net, which the layer does not take over.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="like">Whose element type and device the parameters get; null for the default ones.</param>
    public ReadoutLayer(IRecurrentModule net, long outputSize, Tensor? like) : base("Linear")
    {
        _path = () => net.EffectiveBackward;
        var drawn = nn.Linear(net.NumDirections * net.HiddenSize, outputSize, device: like?.device, dtype: like?.dtype);
        register_parameter("weight", drawn.weight!);
        register_parameter("bias", drawn.bias!);
    }

    /// <summary>W [O, D·H].</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <summary>b [O].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <param name="input">[T, B, D·H].</param>
    /// <returns>[T, B, O].</returns>
    public override Tensor forward(Tensor input)
    {
        _failures.ThrowIfFailed();
        return _path() == BackwardPath.HandWritten ? LinearFunction.Run(input, Weight, Bias, _failures) : nn.functional.linear(input, Weight, Bias);
    }

    /// <summary>Nothing: the parameters are registered at construction.</summary>
    protected override void RegisterComponents()
    {
    }
}

/// <summary>What a <see cref="SequenceModel"/> makes of its input before the recurrence.</summary>
public enum InputEncoding
{
    /// <summary>The input is features [T, B, I], taken as it is.</summary>
    Features,

    /// <summary>The input is token ids [T, B] (int64); each becomes a one-hot vector of size I.</summary>
    OneHot,

    /// <summary>The input is token ids [T, B] (int64); each becomes a learned vector.</summary>
    Embedding,
}

/// <summary>Turns a model's input into what its recurrent net reads.</summary>
internal sealed record InputEncoder(InputEncoding Encoding, Embedding? Embedding, long Classes, string Axes, bool NetReadsTokens)
{
    public static InputEncoder Make(InputEncoding encoding, IRecurrentModule net, long? vocabularySize, Tensor? like)
    {
        var axes = net.BatchFirst ? "[B, T]" : "[T, B]";
        if (encoding != InputEncoding.Embedding)
        {
            return new InputEncoder(encoding, null, net.InputSize, axes, net.Norms is not null);
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
            throw new ArgumentException($"input: expected token ids {Axes} of dtype Int64, got {Check.Show(input.shape)} of dtype {input.dtype}; convert ids with .to(ScalarType.Int64).");
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
