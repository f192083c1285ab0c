using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.OnnxRuntime;
using RnnZoo.Cells;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Zoo;
using Spectre.Console;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo bench --stepper`: what one step costs that comes alone, and how near that is to what the machine can do.</summary>
internal sealed class BenchStepperRun(CliHost host, IReadOnlyList<string> cells, IReadOnlyList<BenchSize> sizes, double seconds, bool json)
{
    /// <summary>One sequence, read step by step, 200 steps a turn.</summary>
    public static IReadOnlyList<BenchSize> UsualSizes { get; } = [new(1, 200, 64, 64), new(1, 200, 64, 256), new(1, 200, 64, 512)];

    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var result = Measure(cancellation);
        if (result.Peak.Disturbance(result.Peak) is { } disturbance)
        {
            host.Error.WriteLine($"disturbed: {disturbance}; run it again on a quiet machine.");
        }

        host.Print(json, () => Document(result), () => Show(result), $"{result.Rows.Count} rows in {watch.Elapsed.TotalSeconds:0} s.");
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private BenchSteps Measure(CancellationToken cancellation)
    {
        using var status = new StatusLine(host);
        var peak = PeakLoop.Measure(threads: 1);
        List<BenchStep> rows = [];
        var groups = (from size in sizes from cell in cells select (size, cell)).ToArray();
        foreach (var (index, (size, cell)) in groups.Index())
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            var group = new BenchGroup(cell, size, Threads: 1, [.. BenchPaths.Steps.Where(path => BenchPaths.IsOf(path, cell))]) { Flops = size.Flops(cell) };
            status.Show($"{index + 1}/{groups.Length}: {group}");
            var bytes = (long)(group.Flops / (6.0 * size.Steps * size.Batch) * sizeof(float));
            var before = ReadLoop.Measure(bytes);
            var measured = BenchTurns.Measure(group, seconds, cancellation);
            var bandwidth = Math.Max(before, ReadLoop.Measure(bytes));
            rows.AddRange(measured.Select(row => new BenchStep(row, bytes, bandwidth)));
        }

        return new BenchSteps(peak.With(PeakLoop.Measure(threads: 1)), rows);
    }

    private void Show(BenchSteps result)
    {
        host.Output.WriteLine($"float32 peak, 1 thread: {NumberText.Of(result.Peak.Best, "0")} GFLOP/s ({PeakLoop.VectorBits}-bit vectors)");
        var table = new Table().Border(TableBorder.Simple);
        string[] titles = ["B x I x H, cell", "µs", "fastest", "ratio", "bound", "times", "GB/s"];
        table.AddColumns([.. titles.Select(title => new TableColumn(title).NoWrap().Padding(0, 0, 0, 0).Alignment(title == titles[0] ? Justify.Left : Justify.Right))]);
        foreach (var group in result.Rows.GroupBy(row => row.Row.Group))
        {
            var size = group.Key.Size;
            table.AddRow($"{size.Batch}x{size.Input}x{size.Hidden} {group.Key.Cell}");
            var own = group.First(row => row.IsStepper);
            foreach (var row in group)
            {
                string[] texts =
                [
                    "  " + row.Name,
                    NumberText.Of(row.Microseconds, "0.0"),
                    NumberText.Of(row.Fastest, "0.0"),
                    NumberText.Of(row.Microseconds / own.Microseconds, "0.0"),
                    row.IsStepper ? NumberText.Of(result.BoundOf(row), "0.0") : "",
                    row.IsStepper ? NumberText.Of(row.Microseconds / result.BoundOf(row), "0.0") : "",
                    row.IsStepper ? NumberText.Of(row.Bandwidth, "0") : "",
                ];
                table.AddRow([.. texts.Select(text => new Text(text))]);
            }

            table.AddEmptyRow();
        }

        ReportConsole.Write(host, table);
        host.Output.WriteLine("µs: median of one step without gradients, on one thread; fastest: the least; ratio: to the stepper; bound: the larger of flops by peak and weights by GB/s, at which this machine reads an array of their size again and again; times: µs by bound.");
    }

    private static string Document(BenchSteps result) => JsonText.Write(json =>
    {
        RunHeader.Write(json);
        json.WriteNumber("vectorBits", PeakLoop.VectorBits);
        json.WriteNumber("peakGflops", Math.Round(result.Peak.Best, 1));
        json.WriteObjects("rows", result.Rows, row =>
        {
            json.WriteString("cell", row.Row.Group.Cell);
            json.WriteString("path", row.Name);
            json.WriteNumber("B", row.Row.Group.Size.Batch);
            json.WriteNumber("I", row.Row.Group.Size.Input);
            json.WriteNumber("H", row.Row.Group.Size.Hidden);
            json.WriteNumber("microseconds", Math.Round(row.Microseconds, 6));
            json.WriteNumber("fastestMicroseconds", Math.Round(row.Fastest, 6));
            json.WriteNumber("weightBytes", row.WeightBytes);
            json.WriteNumber("gigabytesPerSecond", Math.Round(row.Bandwidth, 1));
            json.WriteNumber("boundMicroseconds", Math.Round(result.BoundOf(row), 6));
            json.WriteNumber("count", row.Row.Count);
        });
    });
}

/// <summary>All that was measured.</summary>
internal sealed record BenchSteps(PeakSample Peak, IReadOnlyList<BenchStep> Rows)
{
    /// <summary>The least time of a step in µs: that of its arithmetic, or of reading its weights.</summary>
    public double BoundOf(BenchStep row) => Math.Max(row.Flops / Peak.Best, row.WeightBytes / row.Bandwidth) / 1e3;
}

/// <summary>One way of taking a step.</summary>
/// <param name="Row">The time of T steps, one after the other.</param>
/// <param name="WeightBytes">Of the net's matrices.</param>
/// <param name="Bandwidth">GB/s at which an array of that size is read.</param>
internal sealed record BenchStep(BenchRow Row, long WeightBytes, double Bandwidth)
{
    public string Name => Row.Path[BenchPaths.Step.Length..];

    public bool IsStepper => Name == "stepper";

    public double Flops => Row.Group.Flops / 3 / Row.Group.Size.Steps;

    public double Microseconds => Row.Milliseconds * 1e3 / Row.Group.Size.Steps;

    public double Fastest => Row.Fastest * 1e3 / Row.Group.Size.Steps;
}

/// <summary>How fast one thread reads an array that it has just read.</summary>
internal static class ReadLoop
{
    private const int Runs = 15;
    private const double BytesOfARun = 1e8;
    private static float sink;

    /// <returns>GB/s of the best of several runs.</returns>
    public static double Measure(long bytes)
    {
        var array = GC.AllocateArray<Vector512<float>>((int)(bytes / 256 * 4) + 4, pinned: true);
        var (repeats, best) = ((int)Math.Max(1, BytesOfARun / bytes), double.MaxValue);
        for (var run = 0; run < Runs; run++)
        {
            var watch = Stopwatch.GetTimestamp();
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                sink = Sum(array);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(watch).TotalSeconds);
        }

        return repeats * array.Length * 64.0 / best / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum(ReadOnlySpan<Vector512<float>> array)
    {
        var (s0, s1, s2, s3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        for (var i = 0; i + 3 < array.Length; i += 4)
        {
            s0 += array[i];
            s1 += array[i + 1];
            s2 += array[i + 2];
            s3 += array[i + 3];
        }

        return Vector512.Sum(s0 + s1 + s2 + s3);
    }
}

/// <summary>A net that reads a sequence of random numbers step by step, without gradients.</summary>
internal sealed class StepWorkload : IWorkload
{
    private readonly List<IDisposable> _owned = [];
    private readonly Action _run;

    public StepWorkload(string cell, BenchSize size, string way)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var net = RecurrentNets.Named(cell).Make(new NetOptions(size.Input, size.Hidden));
        Own((nn.Module)net).eval();
        var x = randn([size.Steps, size.Batch, size.Input], generator: random); // [T, B, I]
        Tensor[] steps = [.. x.split(1, 0).Select(step => Own(step.clone().DetachFromDisposeScope()))]; // T × [1, B, I]
        _run = way switch
        {
            "stepper" => ByStepper(net.Stepper(size.Batch), Array.ConvertAll(steps, step => step.data<float>().ToArray())),
            "module" => ByTensors(steps, net.Run),
            "onnx" => ByOnnxRuntime(net, size, steps),
            _ => ByTensors(steps, Native(cell, size)),
        };
    }

    public void Step() => _run();

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private static Action ByStepper(Stepper stepper, float[][] steps) => () =>
    {
        foreach (var x in steps)
        {
            stepper.Step(x);
        }
    };

    private static Action ByTensors(Tensor[] steps, Func<Tensor, RecurrentState?, RecurrentResult> step) => () =>
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        RecurrentState? state = null;
        foreach (var x in steps)
        {
            state = step(x, state).State;
        }
    };

    // With everything that a step needs made before: inputs, outputs, and the state, which goes from one place to the other and back.
    private Action ByOnnxRuntime(IRecurrentModule net, BenchSize size, Tensor[] steps)
    {
        var file = Path.GetTempFileName();
        OnnxFile.Save(net, file);
        var session = Own(OnnxRuntimeNet.Open(file, threads: 1));
        File.Delete(file);
        var run = Own(new RunOptions());
        OrtValue[] inputs = [.. steps.Select(step => Value(step.data<float>().ToArray(), step.shape))]; // T × [1, B, I]
        var output = Zeros(size.Hidden); // [1, B, H]
        OrtValue[][] states = [.. Enumerable.Range(0, 2).Select(_ => net.StateSizes.Select(Zeros).ToArray())]; // 2 × parts × [1, B, S]
        var (names, made) = (session.InputNames, session.OutputNames);
        OrtValue[][] given = [.. inputs.Select((input, step) => (OrtValue[])[input, .. states[step % 2]])];
        OrtValue[][] taken = [.. states.Reverse().Select(state => (OrtValue[])[output, .. state])];
        return () =>
        {
            for (var step = 0; step < given.Length; step++)
            {
                session.Run(run, names, given[step], made, taken[step % 2]);
            }
        };

        OrtValue Zeros(long width) => Value(new float[size.Batch * width], [1, size.Batch, width]);
        OrtValue Value(float[] numbers, long[] shape) => Own(OrtValue.CreateTensorValueFromMemory(numbers, shape));
    }

    // TorchSharp's own modules, with nothing of this library around them.
    private Func<Tensor, RecurrentState?, RecurrentResult> Native(string cell, BenchSize size)
    {
        switch (cell)
        {
            case "lstm":
                var lstm = Own(nn.LSTM(size.Input, size.Hidden));
                return (x, state) =>
                {
                    var (output, h, c) = lstm.call(x, state is null ? null : (state.Hidden, state.Cell));
                    return new RecurrentResult(output, new RecurrentState(h, c));
                };
            case "gru":
                var gru = Own(nn.GRU(size.Input, size.Hidden));
                return (x, state) => Result(gru.call(x, state?.Hidden));
            default:
                var rnn = Own(nn.RNN(size.Input, size.Hidden));
                return (x, state) => Result(rnn.call(x, state?.Hidden));
        }
    }

    private static RecurrentResult Result((Tensor Output, Tensor State) of) => new(of.Output, new RecurrentState(of.State));

    private T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
