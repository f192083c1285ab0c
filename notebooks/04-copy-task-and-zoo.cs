#:project ../src/RnnZoo/RnnZoo.csproj

// A vanilla RNN and an LSTM on the copy task: the story of 04-copy-task-and-zoo.ipynb as a program.
// dotnet run notebooks/04-copy-task-and-zoo.cs [-- FOLDER]: the chart goes to FOLDER, by default runs/.
using RnnZoo.Bptt;
using RnnZoo.Files;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Zoo;
using TorchSharp;
using static TorchSharp.torch;

const int Updates = 400;
RnnZoo.TorchBackend.Load(); // before the first use of torch
set_num_threads(1);
var task = new CopyTask(delay: 15, symbols: 3);

Console.WriteLine($"1. Read three symbols, wait, and give them back; {task.Length} steps in all.");
using (var example = task.Sample(batchSize: 1, new Generator(1)))
{
    Console.WriteLine($"   input   {Show(example.Input.argmax(-1))}");
    Console.WriteLine($"   target  {Show(example.Target)}");
    Console.WriteLine($"   Without memory at best 3 ln 8 / {task.Length} = {task.Baseline:G3} nats per step.");
}

Console.WriteLine();
Console.WriteLine($"2. Two nets, {Updates} updates on the same sequences:");
using var vanilla = Make(new VanillaRnn(task.InputSize, 64, dtype: float64), Initialisers.Orthogonal());
using var lstm = Make(new Lstm(task.InputSize, 64, dtype: float64), Initialisers.Orthogonal().Then(Initialisers.Chrono(task.Length)));
var curves = new List<Series>();
foreach (var (name, model) in new[] { ("vanilla", vanilla), ("LSTM", lstm) })
{
    using var trace = GradientTrace.Attach(model, new GradientTraceOptions { Every = Updates / 20 });
    var losses = Train(model);
    curves.Add(new Series(name, [.. losses.Select((loss, update) => new ChartPoint(update + 1, loss))]) { Colour = curves.Count }.Smoothed(80));
    var norms = trace.Last![layer: 0];
    var state = norms.Cell ?? norms.Hidden;
    Console.WriteLine($"   {name,-8} loss {Test(model, task).Loss,-7:G3} recall {Test(model, task).Metric:F2} (a guess: 0.125)");
    Console.WriteLine($"            gradient of the {(norms.Cell is null ? "state" : "cell state")} at the answers {state[^1]:G2}, at the symbols {state[0]:G2}");
}

Console.WriteLine();
Console.WriteLine("3. The LSTM at the delay it was trained for, 15, and at two that it has not seen:");
foreach (var delay in new[] { 5, 15, 30 })
{
    Console.WriteLine($"   delay {delay,2}: recall {Test(lstm, new CopyTask(delay, symbols: 3)).Metric:F2}");
}

var folder = Directory.CreateDirectory(args.Length > 0 ? args[0] : "runs").FullName;
var weights = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
lstm.SaveSafeTensors(weights);
using var copy = new SequenceModel(new Lstm(task.InputSize, 64, dtype: float64), task.OutputSize);
copy.LoadSafeTensors(weights);
File.Delete(weights);
Console.WriteLine();
Console.WriteLine($"4. Saved as safetensors and loaded again; the same recall: {Test(copy, task).Metric == Test(lstm, task).Metric}");

Console.WriteLine();
Console.WriteLine("5. From the zoo, trained for longer than a lesson lasts (the vanilla net had as many updates as the LSTM at 100):");
foreach (var entry in ModelZoo.List("copy-*"))
{
    using var trained = entry.Load(); // checks the weights' hash
    using var noTape = no_grad();
    using var scope = NewDisposeScope();
    var batch = trained.Task!.Sample(batchSize: 64, new Generator(5));
    var score = trained.Task.Score(trained.Net.call(batch.Input).Output, batch.Target);
    Console.WriteLine($"   {entry.Name}: recall {score.Metric:F2} over {trained.Task.Length} steps");
}

var file = Path.Combine(folder, "04-copy-task-and-zoo.svg");
File.WriteAllText(file, new Figure("Learning to copy three symbols over 15 steps",
[
    new LineChart("loss", new Axis("update"), new Axis("nats per step") { Minimum = 0, Maximum = 0.6 }, curves) { ReferenceLines = [new ReferenceLine(task.Baseline, "memoryless")] },
]).ToSvg());
Console.WriteLine();
Console.WriteLine($"Chart: {file}");

static string Show(Tensor classes) => string.Join(' ', classes.flatten().data<long>().ToArray().Select(c => c switch { 0 => ".", 9 => "!", _ => $"{c}" }));

SequenceModel Make(IRecurrentModule net, Initialiser start)
{
    manual_seed(2);
    var model = new SequenceModel(net, task.OutputSize);
    Initialisers.Default().Then(start).Then(Initialisers.OneHotInput()).Apply(model, new Generator(2));
    return model;
}

double[] Train(SequenceModel model)
{
    using var adam = optim.Adam(model.parameters(), lr: 1e-2);
    var data = new Generator(3);
    var losses = new double[Updates];
    for (var update = 0; update < Updates; update++)
    {
        using var scope = NewDisposeScope();
        var batch = task.Sample(batchSize: 32, data);
        var loss = task.Loss(model.call(batch.Input.to(float64)).Output, batch.Target);
        adam.zero_grad();
        Gradient.Backward(loss);
        nn.utils.clip_grad_norm_(model.parameters(), 1);
        adam.step();
        losses[update] = loss.ToDouble();
    }

    return losses;
}

static TaskScore Test(SequenceModel model, ISequenceTask task)
{
    using var noTape = no_grad();
    using var scope = NewDisposeScope();
    var batch = task.Sample(batchSize: 512, new Generator(4));
    return task.Score(model.call(batch.Input.to(float64)).Output, batch.Target);
}
