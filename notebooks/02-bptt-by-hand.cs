#:project ../src/RnnZoo/RnnZoo.csproj

// Backpropagation through time, written out and checked: the story of 02-bptt-by-hand.ipynb as a program.
// dotnet run notebooks/02-bptt-by-hand.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Bptt.Verification;
using RnnZoo.Charts;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

const int T = 7, B = 3, I = 2, H = 5;
set_num_threads(1);
using var scope = NewDisposeScope();
var draw = new Generator(1);
Tensor Draw(params long[] shape) => randn(shape, dtype: float64, generator: draw);

Tensor[] weights = [Draw(H, I), Draw(H, H) * 0.5, Draw(H), Draw(B, H)]; // W_x [H, I], W_h [H, H], b [H], h_0 [B, H]
var (x, y) = (Draw(T, B, I), Draw(T, B, H)); // [T, B, ·]
string[] names = ["dW_x", "dW_h", "db", "dh_0"];

Console.WriteLine("1. h_t = tanh(W_x x_t + W_h h_{t-1} + b), L = ½ Σ ‖h_t - y_t‖². By hand, against autograd:");
var expected = ByAutograd();
Report(Backward(Forward(weights), weights, fromTheFuture: true));

Console.WriteLine();
Console.WriteLine("2. The popular mistake, nothing comes back from the future:");
Report(Backward(Forward(weights), weights, fromTheFuture: false));

Console.WriteLine();
Console.WriteLine("3. The library's equations for the same cell:");
var equations = new ElmanBptt();
var run = equations.Forward(x, new RecurrentState(weights[3]), new LayerWeights(weights[0], weights[1], weights[2], zeros_like(weights[2])));
var found = equations.Backward(run.Tape!, new LayerCotangents(run.Output - y));
Report([found.InputWeight!, found.HiddenWeight!, found.InputBias!, found.InitialHidden!]);

Console.WriteLine();
Console.WriteLine("4. A whole net, the hand-written path against autograd, libtorch and finite differences:");
using (var net = new Lstm(3, 5, numLayers: 2, bidirectional: true, dtype: float64))
{
    Initialisers.Default().Apply(net, draw);
    var report = GradientCheck.Run(net);
    Console.WriteLine($"   {report.Checks.Count} comparisons, {report.Failures.Count()} failed");
}

Console.WriteLine();
Console.WriteLine("5. A cell of one's own, with and without a detached gate, which autograd cannot object to:");
foreach (var broken in new[] { false, true })
{
    manual_seed(2);
    using var net = new Recurrent(3, (_, _, size) => new KeepCell(size, 5, broken)).to(float64);
    var report = GradientCheck.Run(net);
    Console.WriteLine($"   {(broken ? "detached" : "correct"),-9} {(report.Passed ? "passed" : "FAILED: " + string.Join(", ", report.Failures.Select(failure => failure.Tensor)))}");
}

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var file = Path.Combine(folder, "02-bptt-by-hand.svg");
File.WriteAllText(file, new Figure("What reaches each state",
[
    new LineChart("dh_t, step by step", new Axis("time step t"), new Axis("L2 norm over batch and units") { Minimum = 0 },
        [Line("from the loss at t", found.Steps!.HFromOutput, 0), Line("from the future", found.Steps.HFromFuture, 1)]),
]).ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

Tensor[] Forward(Tensor[] w)
{
    var h = new Tensor[T + 1];
    h[0] = w[3];
    for (var t = 1; t <= T; t++)
    {
        h[t] = (x[t - 1].mm(w[0].t()) + h[t - 1].mm(w[1].t()) + w[2]).tanh(); // [B, H]
    }

    return h;
}

Tensor[] Backward(Tensor[] h, Tensor[] w, bool fromTheFuture)
{
    var (dWx, dWh, db, dhFuture) = (zeros_like(w[0]), zeros_like(w[1]), zeros_like(w[2]), zeros_like(w[3]));
    for (var t = T; t >= 1; t--)
    {
        var dh = fromTheFuture ? (h[t] - y[t - 1]) + dhFuture : h[t] - y[t - 1]; // [B, H]
        var dz = dh * (1 - (h[t] * h[t])); // [B, H]
        (dWx, dWh, db) = (dWx + dz.t().mm(x[t - 1]), dWh + dz.t().mm(h[t - 1]), db + dz.sum(dim: 0));
        dhFuture = dz.mm(w[1]); // [B, H]
    }

    return [dWx, dWh, db, dhFuture];
}

Tensor[] ByAutograd()
{
    Tensor[] leaves = [.. weights.Select(w => w.detach().requires_grad_())];
    var h = Forward(leaves);
    Gradient.Backward(Enumerable.Range(1, T).Select(t => (h[t] - y[t - 1]).square().sum() / 2).Aggregate((a, b) => a + b));
    return [.. leaves.Select(leaf => leaf.grad!)];
}

void Report(Tensor[] gradients)
{
    foreach (var (name, got, wanted) in names.Zip(gradients, expected))
    {
        var error = ((got - wanted).abs().max() / wanted.abs().max()).ToDouble();
        Console.WriteLine($"   {name,-5} {(error < 1e-10 ? "agrees to rounding" : $"is wrong by {error:P0}")}");
    }
}

static Series Line(string name, Tensor gradients, int colour) =>
    new(name, [.. gradients.norm(dim: 2).norm(dim: 1).data<double>().ToArray().Select((norm, t) => new ChartPoint(t + 1, norm))]) { Colour = colour, Markers = true };

// h_t = u h_{t-1} + (1 - u) tanh(C [x_t, h_{t-1}]), u = σ(A [x_t, h_{t-1}])
internal sealed class KeepCell : RecurrentCell
{
    private readonly TorchSharp.Modules.Linear _gate;
    private readonly TorchSharp.Modules.Linear _candidate;
    private readonly bool _broken;

    public KeepCell(long inputSize, long hiddenSize, bool broken) : base(nameof(KeepCell), inputSize, hiddenSize)
    {
        (_gate, _candidate, _broken) = (nn.Linear(inputSize + hiddenSize, hiddenSize), nn.Linear(inputSize + hiddenSize, hiddenSize), broken);
        RegisterComponents();
    }

    public override RecurrentState Step(Tensor x, RecurrentState state)
    {
        var both = cat([x, state.Hidden], 1); // [B, I + H]
        var u = _gate.call(both).sigmoid(); // [B, H]
        u = _broken ? u.detach() : u;
        return new RecurrentState((u * state.Hidden) + ((1 - u) * _candidate.call(both).tanh()));
    }
}
