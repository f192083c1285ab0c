using RnnZoo.Cells;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Modules;

/// <summary>
/// libtorch's own recurrent module, kept out of sight: it draws the initial values, holds the parameters in the form
/// that the fused code wants, and computes the native path.
/// </summary>
/// <remarks>This holder is no module itself, so that field reflection does not register the inner one as a child.</remarks>
internal sealed class NativeRecurrence : IDisposable
{
    private readonly nn.Module _module;
    private readonly Func<Tensor, RecurrentState, RecurrentResult> _forward;
    private readonly Func<PackedSequence, RecurrentState, (PackedSequence, RecurrentState)> _forwardPacked;

    private NativeRecurrence(nn.Module module, Func<Tensor, RecurrentState, RecurrentResult> forward, Func<PackedSequence, RecurrentState, (PackedSequence, RecurrentState)> forwardPacked)
    {
        _module = module;
        _forward = forward;
        _forwardPacked = forwardPacked;
    }

    /// <summary>The parameters under PyTorch's keys, in PyTorch's order.</summary>
    public IEnumerable<(string Key, Parameter Parameter)> Parameters => _module.named_parameters();

    public static NativeRecurrence Rnn(RecurrentLayout layout, nn.NonLinearities nonLinearity, bool bias, Device? device, ScalarType? dtype)
    {
        var rnn = nn.RNN(layout.InputSize, layout.HiddenSize, layout.NumLayers, nonLinearity, bias, layout.BatchFirst, layout.NativeDropout, layout.Bidirectional, device, dtype);
        return new NativeRecurrence(rnn, (input, state) =>
        {
            var (output, h) = rnn.forward(input, state.Hidden);
            return new RecurrentResult(output, new RecurrentState(h));
        }, (input, state) =>
        {
            var (output, h) = rnn.call(input, state.Hidden);
            return (output, new RecurrentState(h));
        });
    }

    public static NativeRecurrence Lstm(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
    {
        var lstm = nn.LSTM(layout.InputSize, layout.HiddenSize, layout.NumLayers, bias, layout.BatchFirst, layout.NativeDropout, layout.Bidirectional, device, dtype);
        return new NativeRecurrence(lstm, (input, state) =>
        {
            var (output, h, c) = lstm.forward(input, (state.Hidden, state.Cell));
            return new RecurrentResult(output, new RecurrentState(h, c));
        }, (input, state) =>
        {
            var (output, h, c) = lstm.call(input, (state.Hidden, state.Cell));
            return (output, new RecurrentState(h, c));
        });
    }

    public static NativeRecurrence Gru(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
    {
        var gru = nn.GRU(layout.InputSize, layout.HiddenSize, layout.NumLayers, bias, layout.BatchFirst, layout.NativeDropout, layout.Bidirectional, device, dtype);
        return new NativeRecurrence(gru, (input, state) =>
        {
            var (output, h) = gru.forward(input, state.Hidden);
            return new RecurrentResult(output, new RecurrentState(h));
        }, (input, state) =>
        {
            var (output, h) = gru.call(input, state.Hidden);
            return (output, new RecurrentState(h));
        });
    }

    /// <summary>The parameters of one layer and direction, for a cell that is to share them.</summary>
    public CellWeights WeightsOf(int layer, int direction)
    {
        var suffix = RecurrentLayout.KeySuffix(layer, direction);
        return new CellWeights(
            _module.get_parameter("weight_ih" + suffix)!,
            _module.get_parameter("weight_hh" + suffix)!,
            _module.get_parameter("bias_ih" + suffix),
            _module.get_parameter("bias_hh" + suffix));
    }

    public bool Holds(string key, Parameter parameter) => ReferenceEquals(_module.get_parameter(key), parameter);

    public RecurrentResult Forward(Tensor input, RecurrentState state, bool training)
    {
        Train(training);
        return _forward(input, state.Map(part => part.contiguous())); // an expanded one is refused on a GPU
    }

    public (PackedSequence Output, RecurrentState State) Forward(PackedSequence input, RecurrentState state, bool training)
    {
        Train(training);
        return _forwardPacked(input, state.Map(part => part.contiguous()));
    }

    private void Train(bool training)
    {
        if (_module.training != training)
        {
            _module.train(training);
        }
    }

    public void Convert(Action<nn.Module> conversion) => conversion(_module);

    public void Dispose() => _module.Dispose();
}
