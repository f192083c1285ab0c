#:project ../src/RnnZoo/RnnZoo.csproj

// What truncated backpropagation saves and costs: the story of 03-truncated-bptt.ipynb as a program.
// dotnet run notebooks/03-truncated-bptt.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Streams;
using TorchSharp;
using static TorchSharp.torch;

const int Delay = 8, T = 240, Updates = 300;
RnnZoo.TorchBackend.Load(); // before the first use of torch
set_num_threads(1);
using var outer = NewDisposeScope();

Console.WriteLine("1. One unit, x_3 = w³ x_0: the exact dx_3/dw is 3 w² x_0 = 0.108; cut k steps before the end it is");
foreach (var k in new[] { 1, 2, 3 })
{
    using var scope = NewDisposeScope();
    var (w, state) = (tensor(0.2, dtype: float64, requires_grad: true), tensor(0.9, dtype: float64));
    for (var step = 1; step <= 3; step++)
    {
        state = w * (step == 3 - k + 1 ? state.detach() : state);
    }

    state.backward();
    Console.WriteLine($"   k = {k}: {w.grad!.ToDouble():G3}");
}

Console.WriteLine();
Console.WriteLine($"2. Echo a coin flip after {Delay} steps. Cosine between the truncated and the exact gradient of W_hh:");
using var net = Net(hidden: 16, seed: 1);
var stream = Echo(T, streams: 32, seed: 2);
var exact = HiddenGradient(net, stream, T);
foreach (var k in new[] { 1, 4, 8, 16, 40, 120 })
{
    Console.WriteLine($"   k = {k,3}: {Cosine(HiddenGradient(net, stream, k), exact):F2}");
}

Console.WriteLine();
Console.WriteLine("3. It is a bias, not noise: more streams do not help.");
var reference = HiddenGradient(net, Echo(T, streams: 512, seed: 3), T);
foreach (var streams in new[] { 4, 64 })
{
    var sample = Echo(T, streams, seed: 4);
    Console.WriteLine($"   {streams,3} streams: exact {Cosine(HiddenGradient(net, sample, T), reference):F2}, truncated at 4 {Cosine(HiddenGradient(net, sample, 4), reference):F2}");
}

Console.WriteLine();
Console.WriteLine($"4. Learning, {Updates} updates each: gradients that do not reach back {Delay} steps never find the cause.");
var curves = new List<Series>();
foreach (var (k, k2) in new (int, int?)[] { (4, null), (24, null), (4, 24) })
{
    var name = k2 is null ? $"k = {k}" : $"k1 = {k}, k2 = {k2}";
    var losses = Train(k, k2);
    Console.WriteLine($"   {name,-16} squared error at the end: {(losses[^30..].Average() > 0.8 ? "above 0.8, as without a memory" : "far below 1, learned")}");
    curves.Add(new Series(name, [.. losses.Select((loss, update) => new ChartPoint(update + 1, loss))]) { Colour = curves.Count }.Smoothed(50));
}

Console.WriteLine();
Console.WriteLine("5. The exact gradient in little memory, by computing segments twice:");
net.zero_grad();
var result = ExactBptt.Backward(net, stream, LossSum);
var difference = (net.get_parameter("recurrent.weight_hh_l0")!.grad!.flatten() - exact).abs().max() / exact.abs().max();
Console.WriteLine($"   {result.Segments} segments of {result.SegmentLength} steps; equal to rounding: {difference.ToDouble() < 1e-10}");

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var file = Path.Combine(folder, "03-truncated-bptt.svg");
File.WriteAllText(file, new Figure($"Echo after {Delay} steps, trained by truncated backpropagation",
[
    new LineChart("squared error of a chunk", new Axis("update"), new Axis("squared error") { Minimum = 0, Maximum = 1.2 }, curves),
]).ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

static TensorStreams Echo(int steps, int streams, ulong seed)
{
    var coins = (randint(0, 2, [steps + Delay, streams, 1], dtype: float64, generator: new Generator(seed)) * 2) - 1;
    return new TensorStreams(coins.narrow(0, Delay, steps).contiguous(), coins.narrow(0, 0, steps).contiguous()); // [T, B, 1] each
}

static SequenceModel Net(int hidden, ulong seed)
{
    manual_seed((long)seed);
    var net = new SequenceModel(new Lstm(1, hidden, dtype: float64), outputSize: 1);
    Initialisers.Chrono(4 * Delay).Apply(net, new Generator(seed));
    return net;
}

static Tensor LossSum(Tensor output, Tensor target) => (output - target).square().sum();

static Tensor HiddenGradient(SequenceModel net, TensorStreams stream, int k)
{
    net.zero_grad();
    using var loader = new TruncatedBpttLoader(stream, new TruncatedBpttOptions { ChunkLength = k });
    foreach (var chunk in loader)
    {
        using var scope = NewDisposeScope();
        Gradient.Backward(LossSum(chunk.Run(net), chunk.Target));
    }

    return net.get_parameter("recurrent.weight_hh_l0")!.grad!.flatten().clone();
}

static double Cosine(Tensor a, Tensor b) => (a.dot(b) / (a.norm() * b.norm())).ToDouble();

static double[] Train(int k, int? k2)
{
    using var learner = Net(hidden: 24, seed: 5);
    using var adam = optim.Adam(learner.parameters(), lr: 2e-2);
    using var loader = new TruncatedBpttLoader(Echo(Updates * k, streams: 32, seed: 6), new TruncatedBpttOptions { ChunkLength = k, GradientLength = k2 });
    var losses = new List<double>();
    foreach (var chunk in loader)
    {
        using var scope = NewDisposeScope();
        var loss = LossSum(chunk.Run(learner), chunk.Target) / chunk.Target.numel();
        adam.zero_grad();
        Gradient.Backward(loss);
        nn.utils.clip_grad_norm_(learner.parameters(), 1);
        adam.step();
        losses.Add(loss.ToDouble());
    }

    return [.. losses];
}
