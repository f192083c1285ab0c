using System.Globalization;
using Google.Protobuf;
using Onnx;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace RnnZoo.Zoo;

/// <summary>A graph of ONNX as it is written: a model's, or the body of a loop in it, which reads the model's values too.</summary>
internal sealed class OnnxGraph
{
    /// <summary>What a message of protobuf can have, less what names and nodes may take.</summary>
    internal const long MostBytes = int.MaxValue - (16L << 20);

    private readonly OnnxGraph? _model; // null of the model's own graph
    private readonly Dictionary<string, OnnxValue> _known = []; // what is written once, by its name
    private int _nodes; // of the model and its loops, for names
    private long _bytes;

    /// <summary>An empty graph of a model that computes in an element type.</summary>
    public OnnxGraph(ScalarType dtype) => DType = dtype;

    private OnnxGraph(OnnxGraph model) => (_model, DType) = (model, model.DType);

    /// <summary>What is written.</summary>
    public GraphProto Proto { get; } = new();

    /// <summary>Float32 or Float64.</summary>
    public ScalarType DType { get; }

    /// <summary>The graph of the model.</summary>
    public OnnxGraph Model => _model ?? this;

    /// <summary>The body of a loop in this model.</summary>
    public OnnxGraph Body() => new(Model) { Proto = { Name = NewName("Step") } };

    /// <summary>An input of the graph.</summary>
    /// <param name="name">Its name; null for a new one.</param>
    /// <param name="axes">Sizes, or the names of axes whose size is free.</param>
    /// <param name="dtype">Its element type; the graph's if null.</param>
    public OnnxValue Input(string? name, object[] axes, ScalarType? dtype = null)
    {
        var value = new OnnxValue(this, name ?? NewName("Input"), SizeOf(axes));
        Proto.Input.Add(Described(value.Name, axes, dtype));
        return value;
    }

    /// <summary>Makes a value an output of the graph.</summary>
    public void Output(string? name, OnnxValue value, params object[] axes)
    {
        name ??= NewName("Output");
        Proto.Node.Add(new NodeProto { Name = NewName("Identity"), OpType = "Identity", Input = { value.Name }, Output = { name } });
        Proto.Output.Add(Described(name, axes, null));
    }

    /// <summary>A tensor that is part of the file; the second of a name is the first.</summary>
    /// <exception cref="ArgumentException">It would make the file larger than protobuf lets it be.</exception>
    public OnnxValue Constant(string name, Tensor values) => Once(name, () =>
    {
        Model._bytes += values.numel() * values.element_size();
        if (Model._bytes > MostBytes)
        {
            throw new ArgumentException(FormattableString.Invariant($"net: expected at most {MostBytes} bytes of weights, as many as an ONNX file can hold, got {Model._bytes} or more; save it with SaveSafeTensors instead."));
        }

        using var scope = NewDisposeScope();
        var proto = new TensorProto { Name = name, DataType = (int)TypeOf(values.dtype), RawData = ByteString.CopyFrom(values.detach().cpu().contiguous().bytes) };
        proto.Dims.Add(values.shape);
        Model.Proto.Initializer.Add(proto);
        return new OnnxValue(Model, name, values.shape);
    });

    /// <summary>A number of the graph's type.</summary>
    public OnnxValue Number(double number)
    {
        using var scope = NewDisposeScope();
        return Constant(number.ToString("R", CultureInfo.InvariantCulture), full([], Scalars.Of(number), dtype: DType));
    }

    /// <summary>Whole numbers [n], as operators take sizes and axes.</summary>
    public OnnxValue Integers(params long[] numbers)
    {
        using var scope = NewDisposeScope();
        return Constant($"[{string.Join(',', numbers)}]", tensor(numbers));
    }

    /// <summary>A whole number [].</summary>
    public OnnxValue Integer(long number)
    {
        using var scope = NewDisposeScope();
        return Constant($"int64 {number}", tensor(number));
    }

    /// <summary>What is made once, whoever asks, by the name that it gets.</summary>
    public OnnxValue Once(string name, Func<OnnxValue> make)
    {
        if (!Model._known.TryGetValue(name, out var value))
        {
            Model._known[name] = value = make();
        }

        return value;
    }

    /// <summary>A node with one output.</summary>
    /// <param name="operation">The operator.</param>
    /// <param name="inputs">Its inputs; null for one that is left out.</param>
    /// <param name="sizes">The last axes of the output, as far as they are known.</param>
    /// <param name="attributes">Its attributes.</param>
    public OnnxValue Node(string operation, OnnxValue?[] inputs, long[] sizes, params (string Name, object Value)[] attributes) =>
        Nodes(operation, inputs, [sizes], attributes)[0];

    /// <summary>A node with several outputs.</summary>
    public OnnxValue[] Nodes(string operation, OnnxValue?[] inputs, long[][] sizes, params (string Name, object Value)[] attributes)
    {
        var name = NewName(operation);
        var node = new NodeProto { Name = name, OpType = operation };
        node.Input.Add(inputs.Select(input => input?.Name ?? ""));
        node.Output.Add(sizes.Select((_, index) => sizes.Length == 1 ? name : $"{name}.{index}"));
        node.Attribute.Add(attributes.Select(attribute => Attribute(attribute.Name, attribute.Value)));
        Proto.Node.Add(node);
        return [.. node.Output.Zip(sizes, (output, size) => new OnnxValue(this, output, size))];
    }

    /// <summary>The graph in which a node with these inputs stands: a loop's body sees the model's values, and the model none of the body's.</summary>
    public static OnnxGraph Of(OnnxValue a, OnnxValue? b) => b is not null && a.Graph._model is null ? b.Graph : a.Graph;

    private string NewName(string kind) => $"{kind}_{Model._nodes++}";

    private ValueInfoProto Described(string name, object[] axes, ScalarType? dtype)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(axes.Select(axis => axis is string free
            ? new TensorShapeProto.Types.Dimension { DimParam = free }
            : new TensorShapeProto.Types.Dimension { DimValue = (long)axis }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TypeOf(dtype ?? DType), Shape = shape } } };
    }

    private static long[] SizeOf(object[] axes) => [.. axes.Reverse().TakeWhile(axis => axis is long).Reverse().Cast<long>()];

    private static DataType TypeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => DataType.Float,
        ScalarType.Float64 => DataType.Double,
        ScalarType.Int64 => DataType.Int64,
        _ => throw new ArgumentException($"net: expected parameters of Float32 or Float64, got {dtype}; convert it first, by to(ScalarType.Float32)."),
    };

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case long number:
                (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, number);
                break;
            case float number:
                (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, number);
                break;
            case string text:
                (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text));
                break;
            case GraphProto graph:
                (attribute.Type, attribute.G) = (AttributeProto.Types.AttributeType.Graph, graph);
                break;
            case long[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.Add(numbers);
                break;
            case float[] numbers:
                attribute.Type = AttributeProto.Types.AttributeType.Floats;
                attribute.Floats.Add(numbers);
                break;
            default:
                attribute.Type = AttributeProto.Types.AttributeType.Strings;
                attribute.Strings.Add(((string[])value).Select(ByteString.CopyFromUtf8));
                break;
        }

        return attribute;
    }
}

/// <summary>A value of an ONNX graph. What a cell does with it becomes nodes.</summary>
/// <param name="graph">Where it is made.</param>
/// <param name="name">Its name in the file.</param>
/// <param name="sizes">Its last axes, as far as they are known: [n] of rows, [N, n] of a weight.</param>
internal sealed class OnnxValue(OnnxGraph graph, string name, long[] sizes) : StepValue
{
    public OnnxGraph Graph => graph;

    public string Name => name;

    public override long Length => sizes[^1];

    public override StepValue Product(StepValue weight, StepValue? plus = null)
    {
        var matrix = (OnnxValue)weight; // [N, n]
        var columns = graph.Once($"{matrix.Name}.T", () => matrix.Graph.Node("Transpose", [matrix], matrix.Turned, ("perm", new long[] { 1, 0 }))); // [n, N]
        var product = graph.Node("MatMul", [this, columns], [columns.Length]); // [.., N]
        return plus is null ? product : product + plus;
    }

    public override StepValue Normalised(StepValue? gain, StepValue? bias, double epsilon)
    {
        if (graph.DType == ScalarType.Float32)
        {
            var scale = (OnnxValue?)gain ?? graph.Constant($"ones {Length}", ones(Length, dtype: ScalarType.Float32)); // [n]
            return graph.Node("LayerNormalization", bias is null ? [this, scale] : [this, scale, (OnnxValue)bias], [Length], ("axis", -1L), ("epsilon", (float)epsilon));
        }

        // The operator's ε is a float, and results in double would show it.
        var centred = (OnnxValue)(this - Mean()); // [.., n]
        var variance = (OnnxValue)(((OnnxValue)(centred * centred)).Mean() + graph.Number(epsilon)); // [.., 1]
        StepValue normal = graph.Node("Div", [centred, graph.Node("Sqrt", [variance], [1])], [Length]);
        normal = gain is null ? normal : normal * gain;
        return bias is null ? normal : normal + bias;
    }

    public override StepValue[] Split(params long[] parts) =>
        graph.Nodes("Split", [this, graph.Integers(parts)], [.. parts.Select(part => new[] { part })], ("axis", -1L));

    public override StepValue Join(params StepValue[] others) => Joined([this, .. others.Cast<OnnxValue>()], axis: -1, [Length + others.Sum(other => other.Length)]);

    /// <summary>Joins values along an axis; one alone stays as it is.</summary>
    public static OnnxValue Joined(IReadOnlyList<OnnxValue> values, long axis, long[] sizes) =>
        values.Count == 1 ? values[0] : values[0].Graph.Node("Concat", [.. values], sizes, ("axis", axis));

    // OnnxRuntime has Softplus in float32 alone, so in float64 it is written in parts.
    protected override StepValue Apply(StepOperation operation, StepValue? other = null) =>
        operation == StepOperation.Softplus && graph.DType == ScalarType.Float64 ? Relu() + graph.Node("Log", [(OnnxValue)((Abs() * -1).Exp() + graph.Number(1))], [Length])
        : OnnxGraph.Of(this, (OnnxValue?)other).Node($"{operation}", other is null ? [this] : [this, (OnnxValue)other], sizes.Length > 0 ? [Length] : []);

    protected override StepValue Times(double factor) => Apply(StepOperation.Mul, graph.Number(factor));

    protected override StepValue From(double number) => graph.Node($"{StepOperation.Sub}", [graph.Number(number), this], [Length]);

    private long[] Turned => [sizes[1], sizes[0]];

    private OnnxValue Mean() => graph.Node("ReduceMean", [this], [1], ("axes", new long[] { -1 }), ("keepdims", 1L));
}
