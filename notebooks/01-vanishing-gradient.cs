#:project ../src/RnnZoo/RnnZoo.csproj

// The vanishing gradient, from one unit to the LSTM: the story of 01-vanishing-gradient.ipynb as a program.
// dotnet run notebooks/01-vanishing-gradient.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Plots;
using TorchSharp;
using static TorchSharp.torch;

const int T = 100, B = 8, I = 10, H = 64;
double[] scales = [0.5, 0.9, 1, 1.1, 1.5];
RnnZoo.TorchBackend.Load(); // before the first use of torch
set_num_threads(1);

Console.WriteLine("1. One unit, h_t = w h_{t-1}: the gradient is multiplied by w at every step back.");
foreach (var w in scales)
{
    using var start = tensor(0.5, dtype: float64, requires_grad: true);
    using var scope = NewDisposeScope();
    var h = Enumerable.Range(0, T).Aggregate(start.alias(), (before, _) => before * w);
    h.backward();
    Console.WriteLine($"   w = {w,-4:G3} after {T} steps {start.grad!.ToDouble(),-9:G3} predicted w^{T} = {Math.Pow(w, T):G3}");
}

var draw = new Generator(2);
using var input = randn(T, B, I, dtype: float64, generator: draw); // [T, B, I]
using var cotangent = randn(B, H, dtype: float64, generator: draw); // ∂L/∂h_T [B, H]

Console.WriteLine();
Console.WriteLine("2. A net with W = w·Q, Q orthogonal. Without a nonlinearity w^d is a law, with tanh a bound:");
var curves = new List<Series>();
foreach (var (w, place) in scales.Select((w, place) => (w, place)))
{
    using var linear = Scaled(w, Activation.Linear);
    using var saturating = Scaled(w, Activation.Tanh);
    var (exact, left) = (GradientFlow.Measure(linear, input, cotangent).Hidden.Mean, GradientFlow.Measure(saturating, input, cotangent).Hidden.Mean);
    Console.WriteLine($"   w = {w,-4:G3} left after {T} steps: linear {exact[T - 1],-9:G3} tanh {left[T - 1],-9:G3} w^{T} = {Math.Exp(PowerLaw.ScalarLaw(w, T)):G3}");
    curves.Add(Line($"tanh, w = {w:G3}", left, place));
}

Console.WriteLine();
Console.WriteLine("3. One step's factor is J_t = diag(1 - h_t²) W; a product of twenty of them (w = 1.1) from inside:");
using (var net = Scaled(1.1, Activation.Tanh))
using (var run = JacobianTrajectory.Of(net, input))
{
    using var scope = NewDisposeScope();
    var states = net.call(input).Item1; // [T, B, H]
    var h = states[6, 0]; // [H]: step 7, the first sequence
    var ours = diag(1 - (h * h)).mm(net.get_parameter("weight_hh_l0")!); // [H, H]
    var byAutograd = StepJacobian.ByAutograd(run.Cell).At(input[6], new RecurrentState(states[5]))[0]; // [H, H]
    Console.WriteLine($"   agrees with the library's {ours.allclose(run.At(7, sequence: 0))}, with autograd's {ours.allclose(byAutograd)}");
    var logs = run.Product(from: 50, to: 70).LogSingularValues();
    Console.WriteLine($"   singular values of the product: the largest e^{logs[0]:G3}, the smallest e^{logs[^1]:G3}");
}

Console.WriteLine();
Console.WriteLine("4. The rate that ln w only bounds: the largest Lyapunov exponent, along 500 steps.");
using var longInput = randn(600, 1, I, dtype: float64, generator: new Generator(4)); // [T, 1, I]
foreach (var w in scales)
{
    using var net = Scaled(w, Activation.Tanh);
    using var run = JacobianTrajectory.Of(net, longInput);
    var rate = LyapunovExponents.Of(run, new LyapunovOptions { Count = 1, WarmUp = 100 }).Exponents[0];
    Console.WriteLine($"   w = {w,-4:G3} measured {rate,-7:G3} bound {Math.Log(w),-7:G3} so gradients {(rate < 0 ? "vanish" : "explode")}");
}

Console.WriteLine();
Console.WriteLine("5. Why the norm of the weight gradient does not show it: it is a sum over steps (w = 0.9).");
using (var net = Scaled(0.9, Activation.Tanh))
{
    using var trace = GradientTrace.Attach(net, new GradientTraceOptions { WeightShares = true });
    using var scope = NewDisposeScope();
    Gradient.Backward((net.call(input).Item1[-1] * cotangent).sum());
    var shares = trace.Last![layer: 0].WeightShares!;
    Console.WriteLine($"   ‖∂L/∂W‖ {net.get_parameter("weight_hh_l0")!.grad!.norm().ToDouble():G3}, of it from the last step {shares[T - 1]:G3}, from 50 steps before {shares[T - 50]:G3}");
}

Console.WriteLine();
Console.WriteLine("6. The LSTM's cell path: a product of forget gates in place of a power of W.");
foreach (var (name, start, place) in new[] { ("forget bias 0", Initialisers.ForgetBias(0), 0), ("forget bias 1", Initialisers.ForgetBias(1), 1), ("chrono", Initialisers.Chrono(T), 2) })
{
    using var net = new Lstm(I, H, dtype: float64);
    Initialisers.Default().Then(start).Apply(net, new Generator(5));
    var left = GradientFlow.Measure(net, input, cotangent).Cell!.Mean;
    Console.WriteLine($"   {name,-14} left after 10 steps {left[9],-8:G3} after {T} {left[T - 1]:G3}");
    curves.Add(Line($"LSTM, {name}", left, place) with { Dashed = true });
}

Console.WriteLine("   And every net, from a start of its own, or set for memories of that length:");
var names = RecurrentNets.Names; // or some: string[] names = ["lem", "lru"];
foreach (var kind in names.Select(RecurrentNets.Named))
{
    var net = kind.Make(new NetOptions(I, H) { DType = float64 });
    using var owner = (nn.Module)net;
    var start = kind.Starts.Contains("chrono") ? "chrono" : kind.Starts[0];
    Initialisers.Default().Then(Initialisers.Named(start, T)).Apply(net, new Generator(5));
    var flow = GradientFlow.Measure(net, input, cotangent);
    var left = (flow.Cell ?? flow.Hidden).Mean; // of the state that carries the memory
    Console.WriteLine($"   {kind.Name,-14} {start,-7} left after 10 steps {Left(left[9]),-8} after {T} {Left(left[T - 1])}");
}

Console.WriteLine();
Console.WriteLine("7. When it explodes (w = 1.5): clipping bounds the length, and leaves the direction and the balance of near and far.");
using (var net = Scaled(1.5, Activation.Tanh))
{
    using var trace = GradientTrace.Attach(net);
    using var scope = NewDisposeScope();
    Gradient.Backward((net.call(input).Item1[-1] * cotangent).sum());
    Tensor Flat() => cat([.. net.parameters().Select(parameter => parameter.grad!.flatten())], 0);
    var before = Flat();
    var norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0); // the norm before clipping
    var after = Flat();
    var cosine = (before.dot(after) / (before.norm() * after.norm())).ToDouble();
    var norms = trace.Last![layer: 0].Hidden;
    Console.WriteLine($"   norm before {norm:G3}, after {after.norm().ToDouble():G3}, cosine of the two {cosine:F2}; ‖∂L/∂h‖ at the last step {norms[T - 1]:G3}, at the first {norms[0]:G3}");
}

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var file = Path.Combine(folder, "01-vanishing-gradient.svg");
File.WriteAllText(file, new Figure("How much of a gradient is left",
[
    new LineChart("share left after d steps back", new Axis("steps back through time") { Minimum = 0, Maximum = T },
        new Axis("share") { Scale = AxisScale.Log, Minimum = 1e-10, Maximum = 1e3 }, curves),
]).ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

static VanillaRnn Scaled(double w, Activation activation)
{
    var net = new VanillaRnn(I, H, 1, activation, dtype: float64);
    Initialisers.Default().Then(Initialisers.Orthogonal(w)).Apply(net, new Generator(3));
    return net;
}

// Where every unit on its way was off, nothing is left of a gradient, and a mean of shares is no number.
static string Left(double share) => double.IsNaN(share) ? "lost" : $"{share:G3}";

static Series Line(string name, IReadOnlyList<double> values, int colour) =>
    new(name, [.. values.Select((value, index) => new ChartPoint(index + 1, value))]) { Colour = colour };
