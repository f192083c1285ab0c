#:project ../src/RnnZoo/RnnZoo.csproj

// Backpropagation through time, written out and checked: the story of 02-bptt-by-hand.ipynb as a program.
// dotnet run notebooks/02-bptt-by-hand.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Verification;
using TorchSharp;
using static TorchSharp.torch;

const int T = 7, B = 3, I = 2, H = 5;
RnnZoo.TorchBackend.Load(); // before the first use of torch
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
Console.WriteLine("3. A judge without autograd, the quotient of differences for one entry of W_h; its error falls with ε²:");
var hand = Backward(Forward(weights), weights, fromTheFuture: true)[1][3, 1].ToDouble();
foreach (var epsilon in new[] { 1e-1, 1e-2, 1e-3 })
{
    Console.WriteLine($"   ε = {epsilon:G3}: off by {Math.Abs(((LossAt(epsilon) - LossAt(-epsilon)) / (2 * epsilon)) - hand):G3}");
}

Console.WriteLine();
Console.WriteLine("4. The library's equations for the same cell:");
using var vanilla = new VanillaRnn(I, H, dtype: float64);
vanilla.load_state_dict(new() { ["weight_ih_l0"] = weights[0], ["weight_hh_l0"] = weights[1], ["bias_ih_l0"] = weights[2], ["bias_hh_l0"] = zeros_like(weights[2]) });
var equations = new NetworkBptt(vanilla);
var run = equations.Forward(x, new RecurrentState(weights[3].unsqueeze(0)));
var found = equations.Backward(run, run.Output - y);
Report([found.Parameters["weight_ih_l0"], found.Parameters["weight_hh_l0"], found.Parameters["bias_ih_l0"], found.Initial.Hidden[0]]);

Console.WriteLine();
Console.WriteLine("5. The LSTM by hand, against autograd:");
using (var lstm = new Lstm(I, H, dtype: float64) { Backward = BackwardPath.Autograd })
{
    Initialisers.Default().Apply(lstm, draw);
    var dOutput = Draw(T, B, H); // [T, B, H]
    Gradient.Backward((lstm.call(x).Item1 * dOutput).sum());
    foreach (var (name, got) in LstmBackward(lstm, dOutput))
    {
        ReportOne(name, got, lstm.get_parameter(name)!.grad!);
    }
}

Console.WriteLine();
Console.WriteLine("6. What it is good for, an LSTM with H = 128 over 100 steps in float32:");
foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.Native, BackwardPath.HandWritten })
{
    Console.WriteLine($"   {path,-12} {Milliseconds(path):F1} ms for a forward and a backward pass");
}

Console.WriteLine();
Console.WriteLine("7. A whole net, the hand-written path against autograd, libtorch and finite differences:");
using (var net = new Lstm(3, 5, numLayers: 2, bidirectional: true, dtype: float64))
{
    Initialisers.Default().Apply(net, draw);
    var report = GradientCheck.Run(net);
    Console.WriteLine($"   {report.Checks.Count} comparisons, {report.Failures.Count()} failed");
}

Console.WriteLine();
Console.WriteLine("8. A cell of one's own, with and without a detached gate, which autograd cannot object to:");
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
        [Line("from the loss at t", found.Steps[0].HFromOutput, 0), Line("from the future", found.Steps[0].HFromFuture, 1)]),
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
        ReportOne(name, got, wanted);
    }
}

void ReportOne(string name, Tensor got, Tensor wanted)
{
    var error = ((got - wanted).abs().max() / wanted.abs().max()).ToDouble();
    Console.WriteLine($"   {name,-12} {(error < 1e-10 ? "agrees to rounding" : $"is wrong by {error:P0}")}");
}

double LossAt(double nudge)
{
    using var pass = NewDisposeScope();
    var nudged = weights[1].clone();
    nudged[3, 1] += nudge;
    var h = Forward([weights[0], nudged, weights[2], weights[3]]);
    return Enumerable.Range(1, T).Sum(t => (h[t] - y[t - 1]).square().sum().ToDouble() / 2);
}

(string Name, Tensor Gradient)[] LstmBackward(Lstm net, Tensor dOutput)
{
    using var noTape = no_grad();
    var (wih, whh) = (net.get_parameter("weight_ih_l0")!, net.get_parameter("weight_hh_l0")!); // [4H, I], [4H, H]
    var bias = net.get_parameter("bias_ih_l0")! + net.get_parameter("bias_hh_l0")!; // [4H]
    var (h, c) = (zeros(B, H, dtype: float64), zeros(B, H, dtype: float64));
    var tape = new Stack<(Tensor H, Tensor C, Tensor I, Tensor F, Tensor G, Tensor O, Tensor Next)>();
    for (var t = 0; t < T; t++)
    {
        var q = (x[t].mm(wih.t()) + h.mm(whh.t()) + bias).chunk(4, 1); // 4 of [B, H]
        var (i, f, g, o) = (q[0].sigmoid(), q[1].sigmoid(), q[2].tanh(), q[3].sigmoid());
        var next = (f * c) + (i * g);
        tape.Push((h, c, i, f, g, o, next));
        (c, h) = (next, o * next.tanh());
    }

    var (dWih, dWhh, db) = (zeros_like(wih), zeros_like(whh), zeros_like(bias));
    var (dhFuture, dcFuture) = (zeros_like(h), zeros_like(c));
    for (var t = T - 1; t >= 0; t--)
    {
        var s = tape.Pop();
        var (dh, tanh) = (dOutput[t] + dhFuture, s.Next.tanh());
        var dc = dcFuture + (dh * s.O * (1 - (tanh * tanh)));
        var dq = cat([dc * s.G * s.I * (1 - s.I), dc * s.C * s.F * (1 - s.F), dc * s.I * (1 - (s.G * s.G)), dh * tanh * s.O * (1 - s.O)], 1); // [B, 4H]
        (dWih, dWhh, db) = (dWih + dq.t().mm(x[t]), dWhh + dq.t().mm(s.H), db + dq.sum(dim: 0));
        (dhFuture, dcFuture) = (dq.mm(whh), dc * s.F);
    }

    return [("weight_ih_l0", dWih), ("weight_hh_l0", dWhh), ("bias_ih_l0", db)];
}

static double Milliseconds(BackwardPath path)
{
    manual_seed(1);
    using var net = new Lstm(32, 128) { Backward = path };
    using var input = randn(100, 16, 32);
    return Enumerable.Range(0, 9).Select(_ => Step()).Order().ElementAt(4); // the median

    double Step()
    {
        using var pass = NewDisposeScope();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Gradient.Backward(net.call(input).Item1.sum());
        return watch.Elapsed.TotalMilliseconds;
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
