#:project ../src/RnnZoo/RnnZoo.csproj

// Gradient hooks in models of one's own: the story of 05-gradient-hook.ipynb as a program.
// dotnet run notebooks/05-gradient-hook.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

RnnZoo.TorchBackend.Load(); // before the first use of torch
set_num_threads(1);
using var scope = NewDisposeScope();

Console.WriteLine("1. A tap is an identity that looks at its gradient. L = (3x)² at x = 2:");
var inner = new GradientTap(gradient => Console.WriteLine($"   ∂L/∂(3x) = {gradient.ToDouble():G3}"));
var outer = new GradientTap(gradient => Console.WriteLine($"   ∂L/∂x = {gradient.ToDouble():G3}"));
Gradient.Backward(inner.call(3 * outer.call(tensor(2.0, requires_grad: true))).square());

Console.WriteLine();
Console.WriteLine("2. In a model that is not ours: embedding, nn.LSTM, readout; the loss asks for the last of 20 steps.");
manual_seed(1);
var seen = new Dictionary<string, float[]>();
GradientTap Tap(string name) => new(gradient => { seen[name] = gradient.norm(dim: 2).norm(dim: 1).data<float>().ToArray(); }, name); // [T]
using (var tagger = new Tagger(Tap("embedding"), Tap("nn.LSTM's output")))
{
    var tokens = randint(0, 11, [20, 4], dtype: int64, generator: new Generator(2)); // [T, B]
    Gradient.Backward(tagger.call(tokens)[-1].square().sum());
}

foreach (var (name, norms) in seen)
{
    Console.WriteLine($"   {name,-17} at step 1 {norms[0],-9:G3} at step 20 {norms[^1]:G3}");
}

Console.WriteLine("   The output shows the loss's direct part alone; what comes back through time is inside the fused module.");

Console.WriteLine();
Console.WriteLine("3. Between the steps: nn.LSTM step by step with tapped states, and our drop-in with a trace.");
using var fused = nn.LSTM(5, 8, dtype: float64);
var x = randn(20, 4, 5, dtype: float64, generator: new Generator(4)); // [T, B, I]
var through = new List<double>();
var tap = new GradientTap(gradient => through.Insert(0, gradient.norm().ToDouble()));
var (h, c) = (zeros(1, 4, 8, dtype: float64), zeros(1, 4, 8, dtype: float64));
foreach (var step in x.split(1))
{
    (_, h, c) = fused.call(step, (h, c));
    h = tap.call(h);
}

Gradient.Backward(h.square().sum());
using var ours = new Lstm(5, 8, dtype: float64);
ours.load_state_dict(fused.state_dict());
using var trace = GradientTrace.Attach(ours);
Gradient.Backward(ours.call(x).Item2.square().sum());
var recorded = trace.Last![layer: 0].Hidden;
Console.WriteLine($"   ‖∂L/∂h‖ at step 1 {recorded[0]:G3}, at step 20 {recorded[^1]:G3}; as through the taps: {recorded.Zip(through).All(pair => Math.Abs(pair.First - pair.Second) < 1e-10)}");

Console.WriteLine();
Console.WriteLine("4. A monitor on a ReLU net with W = 1.2 times the identity:");
using var risky = new SequenceModel(new VanillaRnn(3, 16, nonLinearity: nn.NonLinearities.ReLU, dtype: float64), outputSize: 1);
Initialisers.Default().Then(Initialisers.Identity(1.2)).Apply(risky, new Generator(9));
using var monitor = new GradientMonitor(risky, new GradientMonitorOptions { ClipNorm = 1, OnWarning = warning => Console.WriteLine($"   {warning}") });
Gradient.Backward(risky.call(randn(60, 8, 3, dtype: float64, generator: new Generator(7))).Output[-1].square().mean());
monitor.Observe(1, nn.utils.clip_grad_norm_(risky.parameters(), 1));

Console.WriteLine();
Console.WriteLine("5. What a callback throws does not end the process; it comes out of Gradient.Backward:");
try
{
    var faulty = new GradientTap(_ => throw new InvalidOperationException("the callback did not like this gradient"));
    Gradient.Backward(faulty.call(tensor(1.0, requires_grad: true)).square());
}
catch (BackwardFailedException failure)
{
    Console.WriteLine($"   {failure.InnerException!.Message}");
}

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var file = Path.Combine(folder, "05-gradient-hook.svg");
File.WriteAllText(file, trace.ToFigure().ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

internal sealed class Tagger : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Embedding _embedding = nn.Embedding(11, 6);
    private readonly TorchSharp.Modules.LSTM _lstm = nn.LSTM(6, 8);
    private readonly TorchSharp.Modules.Linear _readout = nn.Linear(8, 3);
    private readonly GradientTap _afterEmbedding;
    private readonly GradientTap _afterLstm;

    public Tagger(GradientTap afterEmbedding, GradientTap afterLstm) : base(nameof(Tagger))
    {
        (_afterEmbedding, _afterLstm) = (afterEmbedding, afterLstm);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens) => // [T, B]
        _readout.call(_afterLstm.call(_lstm.call(_afterEmbedding.call(_embedding.call(tokens))).Item1)); // [T, B, 3]
}
