using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Onnx;
using RnnZoo.Cells;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>
/// Writes nets as ONNX files, which other programs run: OnnxRuntime in C#, Python, a browser.
/// </summary>
/// <remarks>
/// <para>Inputs: <c>input</c> [T, B, I], or token ids [T, B] (int64) for a model that one-hot encodes or embeds them, and the
/// state before, <c>h0</c> and for an LSTM <c>c0</c> [L·D, B, H]. Outputs: <c>output</c> [T, B, D·H], of a model with a readout
/// [T, B, O], and the state after, <c>hn</c> and <c>cn</c>, which goes on as the next chunk's state before. Where the net is
/// batch first, input and output are [B, T, ·]. T and B may be anything at each run.</para>
/// <para>A cell for which ONNX has an operator (RNN, LSTM, GRU) becomes that operator; every other, and every one in float64 or
/// with zoneout, a <c>Scan</c> whose body is the cell's own step. The net is written as it is in evaluation.</para>
/// </remarks>
public static class OnnxFile
{
    /// <summary>The version of ONNX's operators that files are written in.</summary>
    public const int Opset = 17;

    private const int Format = 8; // the file format's version, of the same release of ONNX

    /// <summary>Writes a recurrent net.</summary>
    /// <param name="net">A net of this library: its cells have equations here. Parameters of float32 or float64, on any device.</param>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="name">What the file says that the net is called; the net's kind if null.</param>
    /// <exception cref="NotSupportedException">A cell is a user's own, or the net is no module of this library.</exception>
    /// <exception cref="InvalidOperationException">The net is in training mode and has dropout, recurrent dropout or zoneout.</exception>
    /// <exception cref="ArgumentException">The parameters are of another type, or are more than a file can hold.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Save(IRecurrentModule net, string path, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(net);
        Write(path, name ?? RecurrentNets.NameOf(net), OnnxNet.Of(net), []);
    }

    /// <summary>Writes a model.</summary>
    /// <param name="model">Its net as <see cref="Save(IRecurrentModule, string, string?)"/> takes one.</param>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="name">What the file says that the model is called; the kind of its net if null.</param>
    /// <exception cref="NotSupportedException">A cell is a user's own, or the net is no module of this library.</exception>
    /// <exception cref="InvalidOperationException">The net is in training mode and has dropout, recurrent dropout or zoneout.</exception>
    /// <exception cref="ArgumentException">The parameters are of another type, or are more than a file can hold.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Save(SequenceModel model, string path, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Write(path, name ?? RecurrentNets.NameOf(model.Recurrent), OnnxNet.Of(model), []);
    }

    /// <summary>Writes a trained model. The file also says of which recipe and weights it was loaded, and a character model's vocabulary.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <exception cref="InvalidOperationException">The net was put into training mode and has dropout.</exception>
    /// <exception cref="ArgumentException">The parameters are more than a file can hold.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Save(ZooModel model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        List<(string, string)> metadata =
        [
            ("summary", model.Summary),
            ("recipe.sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(model.Recipe.ToJson())))),
            ("weights.sha256", model.Manifest.Result!.WeightsSha256),
        ];
        if (model.Characters is { Vocabulary: var vocabulary })
        {
            metadata.Add(("vocabulary.kind", vocabulary.Kind == VocabularyKind.Bytes ? "bytes" : "characters"));
            metadata.Add(("vocabulary.characters", string.Concat(vocabulary.Characters)));
        }

        Write(path, model.Entry.Name, OnnxNet.Of(model.Net), metadata);
    }

    private static void Write(string path, string name, GraphProto graph, IReadOnlyList<(string Key, string Value)> metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Check.That(name.Length > 0, nameof(name), "a name, or null for the kind of the net", name);
        graph.Name = name;
        var file = new ModelProto { IrVersion = Format, ProducerName = "RnnZoo", ProducerVersion = ModelProvenance.Version, Graph = graph };
        file.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        file.MetadataProps.Add(new[] { ("name", name), ("rnnzoo", ModelProvenance.Version) }.Concat(metadata).Select(item => new StringStringEntryProto { Key = item.Item1, Value = item.Item2 }));
        if (Directory.Exists(path))
        {
            throw new IOException($"{path}: expected the name of a file, got a folder; name a file in it.");
        }

        try
        {
            AtomicFile.Write(path, file.WriteTo);
        }
        catch (Exception problem) when (problem is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: expected a file that can be written, in a folder that exists: {problem.Message}", problem);
        }
    }
}

/// <summary>Writes a net, and what stands around it, as the graph of an ONNX model.</summary>
internal sealed class OnnxNet
{
    private const string T = "T";
    private const string B = "B";

    private readonly OnnxGraph _graph;
    private readonly IRecurrentModule _net;
    private readonly string _prefix; // of the names of the net's weights
    private readonly string[] _parts; // of the state: h, and c
    private readonly IReadOnlyList<double> _zoneout;

    private OnnxNet(IRecurrentModule net, string prefix)
    {
        CheckNet(net);
        _graph = new OnnxGraph(((EquationCell)net.CellAt(0)).weight_ih.dtype);
        (_net, _prefix, _zoneout) = (net, prefix, net.Noise!.Rates);
        _parts = net.StateSizes.Count == 1 ? ["h"] : ["h", "c"];
    }

    /// <summary>The graph of a net: features to states.</summary>
    public static GraphProto Of(IRecurrentModule net)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var file = new OnnxNet(net, "");
        return file.Finish(file.Run(file.Features()), net.NumDirections * net.HiddenSize);
    }

    /// <summary>The graph of a model: features or token ids to answers.</summary>
    public static GraphProto Of(SequenceModel model)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var file = new OnnxNet(model.Recurrent, "recurrent.");
        var (hidden, state) = file.Run(model.Encoding switch
        {
            InputEncoding.Features => file.Features(),
            InputEncoding.OneHot => file.OneHot(),
            _ => file.Embedded(model.get_parameter("embedding.weight")!),
        }); // [T, B, D·H]
        var output = (OnnxValue)hidden.Product(file.Weight("readout.weight", model), file.Weight("readout.bias", model)); // [T, B, O]
        return file.Finish((output, state), model.OutputSize);
    }

    private static void CheckNet(IRecurrentModule net)
    {
        if (net is not nn.Module module || net.Noise is not { } noise)
        {
            throw new NotSupportedException($"net: expected a module of this library, got {net.GetType().Name}, whose way through the sequence is not known; save the net that it holds.");
        }

        if (Cells(net).FirstOrDefault(cell => cell is not EquationCell) is { } own)
        {
            throw new NotSupportedException($"net: expected cells whose equations this library has, got {own.GetType().Name}, whose step is code alone; use a net of RecurrentNets, or add the cell's equations as docs/adding-a-net.md does.");
        }

        if (module.training && (noise.Any || (net.Dropout > 0 && net.NumLayers > 1)))
        {
            throw new InvalidOperationException("net: expected evaluation mode, got training mode with dropout or zoneout, which a file does not draw; call eval() first.");
        }
    }

    private static IEnumerable<RecurrentCell> Cells(IRecurrentModule net) =>
        from layer in Enumerable.Range(0, (int)net.NumLayers)
        from direction in Enumerable.Range(0, net.NumDirections)
        select net.CellAt(layer, direction);

    private EquationCell[] CellsOf(int layer) => [.. Enumerable.Range(0, Directions).Select(direction => (EquationCell)_net.CellAt(layer, direction))];

    private int Directions => _net.NumDirections;

    private string[] TimeAndBatch => _net.BatchFirst ? [B, T] : [T, B];

    private OnnxValue Features() => TimeFirst(_graph.Input("input", [.. TimeAndBatch, _net.InputSize]), [_net.InputSize]); // [T, B, I]

    private OnnxValue OneHot()
    {
        var ids = Tokens(_net.InputSize); // [T, B]
        var known = _graph.Node("Gather", [_graph.Constant("ids", tensor((long[])[.. Enumerable.Range(0, (int)_net.InputSize)])), ids], []); // OneHot has zeros for an id out of range, Gather refuses it
        var vectors = _graph.Node("OneHot", [known, _graph.Integer(_net.InputSize), _graph.Constant("off, on", tensor(new float[] { 0, 1 }))], [_net.InputSize]); // [T, B, V]
        return _graph.DType == ScalarType.Float32 ? vectors : _graph.Node("Cast", [vectors], [_net.InputSize], ("to", (long)TensorProto.Types.DataType.Double));
    }

    private OnnxValue Embedded(Tensor vectors) =>
        _graph.Node("Gather", [_graph.Constant("embedding.weight", vectors), Tokens(vectors.size(0))], [vectors.size(1)]); // [T, B, E]

    // Gather counts an id below 0 from the end, so such a one becomes V, which it refuses.
    private OnnxValue Tokens(long vocabulary)
    {
        var ids = TimeFirst(_graph.Input("input", [.. TimeAndBatch], ScalarType.Int64), []); // [T, B]
        return _graph.Node("Where", [_graph.Node("Less", [ids, _graph.Integer(0)], []), _graph.Integer(vocabulary), ids], []);
    }

    // Batch and time change places, where the net is batch first.
    private OnnxValue TimeFirst(OnnxValue value, long[] sizes) =>
        !_net.BatchFirst ? value : _graph.Node("Transpose", [value], sizes, ("perm", sizes.Length == 0 ? new long[] { 1, 0 } : [1, 0, 2]));

    private GraphProto Finish((OnnxValue Output, OnnxValue[] State) result, long size)
    {
        _graph.Output("output", TimeFirst(result.Output, [size]), [.. TimeAndBatch, size]);
        for (var part = 0; part < _parts.Length; part++)
        {
            _graph.Output($"{_parts[part]}n", result.State[part], _net.NumLayers * Directions, B, _net.StateSizes[part]);
        }

        return _graph.Proto;
    }

    /// <summary>The layers, one after the other: [T, B, D·H] and the state after, parts [L·D, B, S].</summary>
    private (OnnxValue Output, OnnxValue[] State) Run(OnnxValue x)
    {
        var (layers, sizes) = (_net.NumLayers, _net.StateSizes);
        OnnxValue[][] before = [.. _parts.Select((part, index) => ByLayer(_graph.Input($"{part}0", [layers * Directions, B, sizes[index]])))]; // parts × L × [D, B, S]
        var after = Array.ConvertAll(before, _ => new List<OnnxValue>()); // parts × L × [D, B, S]
        for (var layer = 0; layer < layers; layer++)
        {
            var cells = CellsOf(layer);
            OnnxValue[] start = [.. before.Select(part => part[layer])];
            (x, var end) = IsOperator(cells) ? ByOperator(cells, layer, x, start) : ByScan(cells, layer, x, start); // [T, B, D·H]
            for (var part = 0; part < end.Length; part++)
            {
                after[part].Add(end[part]);
            }
        }

        return (x, [.. after.Select((part, index) => OnnxValue.Joined(part, axis: 0, [sizes[index]]))]);
    }

    private OnnxValue[] ByLayer(OnnxValue state) => _net.NumLayers == 1
        ? [state]
        : _graph.Nodes("Split", [state, _graph.Integers([.. Enumerable.Repeat((long)Directions, (int)_net.NumLayers)])], [.. Enumerable.Repeat(new[] { state.Length }, (int)_net.NumLayers)], ("axis", 0L));

    // The runtimes have these operators in float32 alone, and nothing blends old and new states in them.
    private bool IsOperator(EquationCell[] cells) =>
        _graph.DType == ScalarType.Float32 && _zoneout.All(rate => rate == 0) && cells[0].Operator is { } first && cells.All(cell => cell.Operator?.Name == first.Name);

    /// <summary>A layer as ONNX's own operator, both directions in one.</summary>
    private (OnnxValue Output, OnnxValue[] State) ByOperator(EquationCell[] cells, int layer, OnnxValue x, OnnxValue[] before)
    {
        var (hidden, name) = (_net.HiddenSize, cells[0].Operator!.Name);
        var input = Stacked("W", layer, cells, cell => InOrder(cell, cell.weight_ih)); // [D, G·H, I]
        var recurrent = Stacked("R", layer, cells, cell => InOrder(cell, cell.RecurrentWeight!)); // [D, G·H, H]
        var biases = Stacked("B", layer, cells, cell => cat([Bias(cell, cell.bias_ih), Bias(cell, cell.RecurrentBias)], 0)); // [D, 2·G·H]
        List<(string, object)> attributes = [("hidden_size", hidden), ("direction", Directions == 2 ? "bidirectional" : "forward")];
        if (cells[0].Operator!.Activation is not null)
        {
            attributes.Add(("activations", Array.ConvertAll(cells, cell => cell.Operator!.Activation!)));
            attributes.Add(("activation_alpha", Array.ConvertAll(cells, _ => 1f))); // of Affine, αz + β; the others have none
            attributes.Add(("activation_beta", Array.ConvertAll(cells, _ => 0f)));
        }

        if (name == "GRU")
        {
            attributes.Add(("linear_before_reset", 1L)); // r_t multiplies the product with its bias, as in PyTorch
        }

        var made = _graph.Nodes(name, [x, input, recurrent, biases, null, .. before], [[hidden], .. before.Select(part => new[] { part.Length })], [.. attributes]); // [T, D, B, H], parts [D, B, H]
        var output = Directions == 1
            ? _graph.Node("Squeeze", [made[0], _graph.Integers(1)], [hidden]) // [T, B, H]
            : _graph.Node("Reshape", [_graph.Node("Transpose", [made[0]], [hidden], ("perm", new long[] { 0, 2, 1, 3 })), _graph.Integers(0, 0, 2 * hidden)], [2 * hidden]); // [T, B, 2·H]
        return (output, made[1..]);
    }

    /// <summary>A layer as loops over the cell's own step, one for each direction.</summary>
    private (OnnxValue Output, OnnxValue[] State) ByScan(EquationCell[] cells, int layer, OnnxValue x, OnnxValue[] before)
    {
        var outputs = new List<OnnxValue>(); // D × [T, B, H]
        var after = Array.ConvertAll(before, _ => new List<OnnxValue>()); // parts × D × [1, B, S]
        for (var direction = 0; direction < cells.Length; direction++)
        {
            var (cell, weights) = (cells[direction], WeightsOf(cells[direction], RecurrentLayout.KeySuffix(layer, direction)));
            var p = (OnnxValue)cell.Project(x, weights); // [T, B, P]
            var at = direction;
            OnnxValue[] start = [.. before.Select(part => _graph.Node("Gather", [part, _graph.Integer(at)], [part.Length], ("axis", 0L)))]; // parts [B, S]
            var made = _graph.Nodes(
                "Scan", [.. start, p], [.. start.Select(part => new[] { part.Length }), [_net.HiddenSize]],
                ("body", Step(cell, weights, p.Length)), ("num_scan_inputs", 1L), ("scan_input_directions", new long[] { direction }), ("scan_output_directions", new long[] { direction })); // parts [B, S], [T, B, H]
            outputs.Add(made[^1]);
            for (var part = 0; part < after.Length; part++)
            {
                after[part].Add(_graph.Node("Unsqueeze", [made[part], _graph.Integers(0)], [made[part].Length])); // [1, B, S]
            }
        }

        return (OnnxValue.Joined(outputs, axis: -1, [Directions * _net.HiddenSize]), [.. after.Select(part => OnnxValue.Joined(part, axis: 0, [part[0].Length]))]);
    }

    /// <summary>The body of a loop: the state before and p_t to the state after and h_t.</summary>
    private GraphProto Step(EquationCell cell, StepWeights weights, long projected)
    {
        var body = _graph.Body();
        OnnxValue[] before = [.. cell.StateSizes.Select(size => body.Input(null, [B, size]))]; // parts [B, S]
        var made = cell.ForwardStep(body.Input(null, [B, projected]), before, weights).After; // parts [B, S]
        OnnxValue[] after = [.. StateNoise.Mean(before, made, _zoneout).Cast<OnnxValue>()]; // parts [B, S]
        foreach (var part in after.Append(after[0]))
        {
            body.Output(null, part, B, part.Length);
        }

        return body.Proto;
    }

    private StepWeights WeightsOf(EquationCell cell, string suffix)
    {
        var weights = cell.Weights();
        var values = new StepWeights(
            Named("weight_ih", weights.InputWeight)!, Named("weight_hh", weights.HiddenWeight), Named("bias_ih", weights.InputBias), Named("bias_hh", weights.HiddenBias),
            [.. cell.FurtherNames.Zip(weights.Further, (key, further) => Named(key, further)!)]);
        return values with { Derived = cell.Derive(values) };

        OnnxValue? Named(string key, Tensor? values) => values is null ? null : _graph.Constant($"{_prefix}{key}{suffix}", values);
    }

    private OnnxValue Weight(string key, nn.Module of) => _graph.Constant(key, of.get_parameter(key)!);

    // One block for each direction, under the operator's letter.
    private OnnxValue Stacked(string letter, int layer, EquationCell[] cells, Func<EquationCell, Tensor> of) =>
        _graph.Constant($"{_prefix}{letter}_l{layer}", stack(Array.ConvertAll(cells, cell => of(cell)), 0));

    // The gates' blocks in the operator's order.
    private static Tensor InOrder(EquationCell cell, Tensor blocks)
    {
        var gates = blocks.chunk(cell.Gates.Count, 0); // G × [H, ..]
        return cat([.. cell.Operator!.Gates.Select(gate => gates[cell.Gates.ToList().IndexOf(gate)])], 0); // [G·H, ..]
    }

    private static Tensor Bias(EquationCell cell, Tensor? bias) =>
        bias is null ? zeros(cell.Gates.Count * cell.HiddenSize, dtype: cell.weight_ih.dtype, device: cell.weight_ih.device) : InOrder(cell, bias); // [G·H]
}
