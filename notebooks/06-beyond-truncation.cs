#:project ../src/RnnZoo/RnnZoo.csproj

// Ways out of truncation's bias: the story of 06-beyond-truncation.ipynb as a program.
// dotnet run notebooks/06-beyond-truncation.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Streams;
using TorchSharp;
using static TorchSharp.torch;

const int Delay = 8, Period = 12, T = 24, Updates = 400;
RnnZoo.TorchBackend.Load(); // before the first use of torch
set_num_threads(1);
manual_seed(1);
using var outer = NewDisposeScope();

Console.WriteLine("1. One unit, x_3 = w³ x_0, w = 0.2: cut by chance 1/2 after steps 1 and 2, and multiply by 2 what was not cut.");
var mean = 0.0;
foreach (var (cut1, cut2) in new[] { (false, false), (true, false), (false, true), (true, true) })
{
    using var scope = NewDisposeScope();
    var (w, state) = (tensor(0.2, dtype: float64, requires_grad: true), tensor(0.9, dtype: float64));
    state = w * state;
    state = w * Crossed(state, cut1);
    state = w * Crossed(state, cut2);
    state.backward();
    mean += w.grad!.ToDouble() / 4;
    Console.WriteLine($"   cut after step 1: {cut1,-5} after step 2: {cut2,-5} dx_3/dw = {w.grad!.ToDouble():G3}");
}

Console.WriteLine($"   the mean: {mean:G3}, the exact gradient: {3 * 0.2 * 0.2 * 0.9:G3}");

Console.WriteLine();
Console.WriteLine($"2. An LSTM that echoes a coin flip after {Delay} steps, {T} steps, chunks of 8 on average. How far the mean over the draws is from the exact gradient:");
using var lstm = Net(new Lstm(1, 12, dtype: float64), seed: 1);
var stream = Echo(T, streams: 8, seed: 2);
var exact = HiddenGradient(lstm, stream, new() { ChunkLength = T });
Console.WriteLine($"   fixed chunks of 8        {Distance(HiddenGradient(lstm, stream, new() { ChunkLength = 8 }), exact):G2} of its length, whatever you do");
var draws = Enumerable.Range(0, 400).Select(seed => HiddenGradient(lstm, stream, new() { ChunkLength = 8, UnbiasedEvery = 2, UnbiasedSeed = seed })).ToArray();
foreach (var count in new[] { 1, 10, 100, 400 })
{
    Console.WriteLine($"   unbiased, {count,4} draw{(count == 1 ? " " : "s")}     {Distance(stack(draws[..count]).mean([0]), exact):G2}");
}

Console.WriteLine();
Console.WriteLine("3. The price is spread, and it grows as chunks get shorter. A single draw is off by (root of the mean square):");
foreach (var k in new[] { 16, 8, 4 })
{
    var squares = Enumerable.Range(0, 100).Average(seed => Math.Pow(Distance(HiddenGradient(lstm, stream, new() { ChunkLength = k, UnbiasedEvery = 2, UnbiasedSeed = seed }), exact), 2));
    Console.WriteLine($"   mean length {k,2}: {Math.Sqrt(squares):G2} of the exact gradient's length");
}

Console.WriteLine();
Console.WriteLine("4. An LRU, whose units see themselves alone: the gradient goes on at a chunk's start by what the state owes to the parameters.");
using var lru = Net(new Lru(1, 12, dtype: float64), seed: 3);
var (all, cut, online) = (Gradients(lru, stream, new() { ChunkLength = T }), Gradients(lru, stream, new() { ChunkLength = 2 }), Gradients(lru, stream, new() { ChunkLength = 2, Online = OnlineGradient.SnAp1 }));
Console.WriteLine($"   chunks of 2: cut, it is off by {Distance(cut, all):G2} of its length; online, it is exact to rounding: {Distance(online, all) < 1e-10}");

Console.WriteLine();
Console.WriteLine("5. The same for an LSTM is SnAp-1, which leaves out what units owe to one another; all of it is real-time recurrent learning:");
foreach (var way in new OnlineGradient?[] { null, OnlineGradient.SnAp1, OnlineGradient.Rtrl })
{
    var error = Distance(Gradients(lstm, stream, new() { ChunkLength = 2, Online = way }), Gradients(lstm, stream, new() { ChunkLength = T }));
    Console.WriteLine($"   {way?.ToString() ?? "cut",-6} {(error < 1e-10 ? "exact to rounding" : $"off by {error:G2}")}");
}

Console.WriteLine();
Console.WriteLine($"6. Learning to keep a marked number for {Delay} steps, in chunks of 4, {Updates} updates of a minGRU each:");
var curves = new List<Series>();
foreach (var (name, options) in new (string, TruncatedBpttOptions)[]
{
    ("fixed", new() { ChunkLength = 4 }), ("unbiased", new() { ChunkLength = 4, UnbiasedEvery = 1, UnbiasedSeed = 5 }), ("online", new() { ChunkLength = 4, Online = OnlineGradient.SnAp1 }),
})
{
    var losses = Train(options);

    var end = losses[^30..].Average();
    Console.WriteLine($"   {name,-9} squared error at the end: {(end > 0.8 ? "above 0.8, as without a memory" : end < 0.2 ? "below 0.2, learned" : "in between")}");
    curves.Add(new Series(name, [.. losses.Select((loss, update) => new ChartPoint(update + 1, loss))]) { Colour = curves.Count }.Smoothed(30));
}

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var file = Path.Combine(folder, "06-beyond-truncation.svg");
File.WriteAllText(file, new Figure($"A marked number kept for {Delay} steps, trained in chunks of 4",
[
    new LineChart("squared error at the questions", new Axis("update"), new Axis("squared error") { Minimum = 0, Maximum = 1.6 }, curves),
]).ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

// The gradient that passes a place where it might have been cut counts twice.
static Tensor Crossed(Tensor state, bool cut) => cut ? state.detach() : (2 * state) - state.detach();

static TensorStreams Echo(int steps, int streams, ulong seed)
{
    var coins = (randint(0, 2, [steps + Delay, streams, 1], dtype: float64, generator: new Generator(seed)) * 2) - 1;
    return new TensorStreams(coins.narrow(0, Delay, steps).contiguous(), coins.narrow(0, 0, steps).contiguous()); // [T, B, 1] each
}

static SequenceModel Net(IRecurrentModule recurrent, ulong seed)
{
    var net = new SequenceModel(recurrent, outputSize: 1);
    (recurrent is Lstm ? Initialisers.Chrono(4 * Delay) : Initialisers.Default()).Apply(net, new Generator(seed));
    return net;
}

static Tensor LossSum(Tensor output, Tensor target) => (output - target).square().sum();

// The gradient of the whole stream at fixed weights: chunk by chunk, added up.
static Tensor Gradients(SequenceModel net, TensorStreams stream, TruncatedBpttOptions options)
{
    net.zero_grad();
    using var loader = new TruncatedBpttLoader(stream, options);
    foreach (var chunk in loader)
    {
        using var scope = NewDisposeScope();
        Gradient.Backward(LossSum(chunk.Run(net), chunk.Target));
    }

    return cat([.. net.parameters().Select(parameter => parameter.grad!.flatten())]);
}

static Tensor HiddenGradient(SequenceModel net, TensorStreams stream, TruncatedBpttOptions options)
{
    _ = Gradients(net, stream, options);
    return net.get_parameter("recurrent.weight_hh_l0")!.grad!.flatten().clone();
}

static double Distance(Tensor gradient, Tensor exact) => ((gradient - exact).norm() / exact.norm()).ToDouble();

// Random signs, one of them marked in each period; a question Delay steps later asks for it. Targets: the answer, and whether it is asked for.
static TensorStreams Marked(int steps, int streams, int seed)
{
    var draw = new Random(seed);
    var (input, target) = (new double[steps, streams, 3], new double[steps, streams, 2]);
    for (var stream = 0; stream < streams; stream++)
    {
        for (var (step, mark, kept) = (0, 0, 0.0); step < steps; step++)
        {
            var (place, sign) = ((step + stream) % Period, draw.Next(2) == 0 ? -1.0 : 1.0);
            mark = place == 0 ? draw.Next(Period - Delay) : mark;
            var (isMarked, isAsked) = (place == mark, place == mark + Delay && step >= Delay);
            kept = isMarked ? sign : kept;
            (input[step, stream, 0], input[step, stream, 1], input[step, stream, 2]) = (sign, isMarked ? 1 : 0, isAsked ? 1 : 0);
            (target[step, stream, 0], target[step, stream, 1]) = (kept, isAsked ? 1 : 0);
        }
    }

    return new TensorStreams(from_array(input), from_array(target)); // [T, B, 3] and [T, B, 2]
}

static double[] Train(TruncatedBpttOptions options)
{
    using var learner = Net(new MinGru(3, 24, dtype: float64), seed: 5);
    using var adam = optim.Adam(learner.parameters(), lr: 2e-2);
    using var loader = new TruncatedBpttLoader(Marked(Updates * 4, streams: 32, seed: 6), options);
    var losses = new List<double>();
    while (losses.Count < Updates)
    {
        foreach (var chunk in loader)
        {
            using var scope = NewDisposeScope();
            var asked = chunk.Target.narrow(2, 1, 1); // [k, B, 1]
            var loss = ((chunk.Run(learner) - chunk.Target.narrow(2, 0, 1)) * asked).square().sum();
            adam.zero_grad();
            Gradient.Backward(loss / (4 * 32 / Period)); // about as many questions are in a chunk
            nn.utils.clip_grad_norm_(learner.parameters(), 1);
            adam.step();
            losses.Add((loss / asked.sum().clamp_min(1)).ToDouble());
        }
    }

    return [.. losses.Take(Updates)];
}
