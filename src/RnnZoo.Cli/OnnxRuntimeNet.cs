using Microsoft.ML.OnnxRuntime;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Cli;

/// <summary>A file that <see cref="Zoo.OnnxFile"/> wrote, as a module: what runs a net runs it through OnnxRuntime.</summary>
internal sealed class OnnxRuntimeNet : nn.Module<Tensor, RecurrentState?, RecurrentResult>
{
    private readonly InferenceSession _session;
    private readonly string[] _outputs;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="threads">On how many threads it runs.</param>
    public OnnxRuntimeNet(string path, int threads = 1) : base(nameof(OnnxRuntimeNet))
    {
        _session = Open(path, threads);
        _outputs = [.. _session.OutputNames];
        Metadata = _session.ModelMetadata.CustomMetadataMap;
    }

    /// <summary>What the file says of itself.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>A session of OnnxRuntime for a file.</summary>
    public static InferenceSession Open(string path, int threads)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return new InferenceSession(path, options);
    }

    /// <summary>Runs a sequence.</summary>
    /// <param name="input">[T, B, I], or token ids [T, B]; [B, T, ·] for a file of a net that is batch first.</param>
    /// <param name="state">Parts [L·D, B, S]; zeros if null.</param>
    /// <returns>The output at every step and the final state.</returns>
    public override RecurrentResult forward(Tensor input, RecurrentState? state = null)
    {
        using var scope = NewDisposeScope();
        using var run = new RunOptions();
        OrtValue[] given = [Value(input), .. (state ?? Zeros(input)).Select(Value)]; // input, h0, and c0
        try
        {
            using var made = _session.Run(run, _session.InputNames, given, _outputs);
            Tensor[] results = [.. made.Select(value => Of(value).MoveToOuterDisposeScope())]; // output, hn, and cn
            return new RecurrentResult(results[0], new RecurrentState(results[1..]));
        }
        finally
        {
            Array.ForEach(given, value => value.Dispose());
        }
    }

    /// <summary>Ends the session.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _session.Dispose();
        }

        base.Dispose(disposing);
    }

    private RecurrentState Zeros(Tensor input)
    {
        var batch = input.size(Array.IndexOf(_session.InputMetadata["input"].SymbolicDimensions, "B"));
        return new RecurrentState([.. _session.InputNames.Skip(1).Select(name => _session.InputMetadata[name]).Select(part =>
            zeros([part.Dimensions[0], batch, part.Dimensions[2]], dtype: part.ElementType == typeof(double) ? ScalarType.Float64 : ScalarType.Float32))]); // [L·D, B, S]
    }

    private static OrtValue Value(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Int64 => Value<long>(tensor),
        ScalarType.Float64 => Value<double>(tensor),
        _ => Value<float>(tensor),
    };

    private static OrtValue Value<T>(Tensor tensor) where T : unmanaged => OrtValue.CreateTensorValueFromMemory(tensor.data<T>().ToArray(), tensor.shape);

    private static Tensor Of(OrtValue value)
    {
        var about = value.GetTensorTypeAndShape();
        return about.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double
            ? tensor(value.GetTensorDataAsSpan<double>().ToArray(), about.Shape)
            : tensor(value.GetTensorDataAsSpan<float>().ToArray(), about.Shape);
    }
}
