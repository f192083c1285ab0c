using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// Forward and backward of one layer in float32, with random cotangents on the output and the final state; gradients of
/// the input, the initial state and all parameters; with a trace, the norms of every step's gradient too. Or the forward pass
/// alone, without gradients.
/// </summary>
internal sealed class GradientWorkload : IWorkload
{
    private readonly Func<Tensor[]> _forward;
    private readonly nn.Module _module;
    private readonly Tensor[] _inputs;
    private readonly Tensor[] _cotangents;
    private readonly GradientTrace? _trace;
    private readonly bool _isForward;

    public GradientWorkload(string cell, BenchSize size, BackwardPath path, bool forward, GradientTraceOptions? traced = null)
    {
        _isForward = forward;
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var (batch, steps, input, hidden) = size;
        Tensor Leaf(params long[] shape) => randn(shape, generator: random).requires_grad_().DetachFromDisposeScope();
        var x = Leaf(steps, batch, input); // [T, B, I]
        var h0 = Leaf(1, batch, hidden); // [1, B, H]
        switch (cell)
        {
            case "vanilla":
                var vanilla = new VanillaRnn(input, hidden) { Backward = path };
                (_module, _inputs) = (vanilla, [x, h0]);
                _forward = () => vanilla.call(x, h0) is var (output, hN) ? [output, hN] : [];
                break;
            case "gru":
                var gru = new Gru(input, hidden) { Backward = path };
                (_module, _inputs) = (gru, [x, h0]);
                _forward = () => gru.call(x, h0) is var (output, hN) ? [output, hN] : [];
                break;
            default:
                var c0 = Leaf(1, batch, hidden); // [1, B, H]
                var lstm = new Lstm(input, hidden) { Backward = path };
                (_module, _inputs) = (lstm, [x, h0, c0]);
                _forward = () => lstm.call(x, (h0, c0)) is var (output, hN, cN) ? [output, hN, cN] : [];
                break;
        }

        _inputs = [.. _inputs, .. _module.parameters()];
        _trace = traced is null ? null : GradientTrace.Attach(_module, traced);
        long[][] outputs = [[steps, batch, hidden], .. Enumerable.Repeat(h0.shape, cell == "lstm" ? 2 : 1)];
        _cotangents = [.. outputs.Select(shape => randn(shape, generator: random).DetachFromDisposeScope())];
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        if (_isForward)
        {
            using var noTape = no_grad();
            _forward();
            return;
        }

        autograd.grad(_forward(), _inputs, _cotangents);
    }

    public void Dispose()
    {
        _trace?.Dispose();
        foreach (var tensor in _inputs.Concat(_cotangents))
        {
            tensor.Dispose();
        }

        _module.Dispose();
    }
}
