using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>A whole training step on the copy task: fresh batch, recurrent layer, readout, loss, backward, clipping, Adam.</summary>
internal sealed class CopyWorkload : IWorkload
{
    public const int Symbols = 10;
    public const int InputSize = 10;
    private readonly CopyTask _task;
    private readonly SequenceModel _model;
    private readonly optim.Optimizer _optimizer;
    private readonly Generator _random = new(1);
    private readonly int _batch;

    public CopyWorkload(string cell, BenchSize size, BackwardPath path)
    {
        _batch = size.Batch;
        _task = new CopyTask(size.Steps - (2 * Symbols), Symbols);
        IRecurrentModule recurrent = cell switch
        {
            "vanilla" => new VanillaRnn(InputSize, size.Hidden) { Backward = path },
            "gru" => new Gru(InputSize, size.Hidden) { Backward = path },
            _ => new Lstm(InputSize, size.Hidden) { Backward = path },
        };
        _model = new SequenceModel(recurrent, _task.OutputSize);
        _optimizer = optim.Adam(_model.parameters(), CompareTasks.Copy.StartOf(cell).LearningRate);
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        var batch = _task.Sample(_batch, _random);
        _optimizer.zero_grad();
        Gradient.Backward(_task.Loss(_model.call(batch.Input).Output, batch.Target));
        nn.utils.clip_grad_norm_(_model.parameters(), CompareTasks.Copy.Clip);
        _optimizer.step();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _random.Dispose();
    }
}
