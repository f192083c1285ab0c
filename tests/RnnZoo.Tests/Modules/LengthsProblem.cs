using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Tests.Modules;

/// <summary>A batch of sequences of several lengths, with NaN in the padding and random cotangents of outputs and final state.</summary>
internal sealed class LengthsProblem
{
    private readonly IRecurrentModule _module;
    private readonly long[] _lengths;
    private readonly Tensor _input; // [T, B, I] with NaN in the padding
    private readonly RecurrentState? _state;
    private readonly Tensor _dOutput; // [T, B, D·H]
    private readonly RecurrentState _dFinal;

    public LengthsProblem(IRecurrentModule module, long[] lengths, long padTo, bool withState)
    {
        (_module, _lengths) = (module, lengths);
        using var random = new Generator(11);
        Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: random);
        var batch = lengths.Length;
        _input = full([padTo, batch, module.InputSize], double.NaN, dtype: ScalarType.Float64);
        for (var b = 0; b < batch; b++)
        {
            _input.narrow(0, 0, lengths[b]).narrow(1, b, 1).copy_(Random(lengths[b], 1, module.InputSize));
        }

        _dOutput = Random(padTo, batch, module.NumDirections * module.HiddenSize);
        _dFinal = module.ZeroState(batch).Map(part => Random(part.shape));
        using var noTape = no_grad();
        _state = withState ? module.Run(module.BatchFirst ? Random(batch, padTo, module.InputSize) : Random(padTo, batch, module.InputSize)).State : null; // one that the net comes to
    }

    /// <summary>Each sequence by itself.</summary>
    public Dictionary<string, Tensor> OneByOne() => Results((x, state) =>
    {
        var (outputs, finals) = (new List<Tensor>(), new List<RecurrentState>());
        for (var b = 0; b < _lengths.Length; b++)
        {
            var run = _module.Run(Order(x.narrow(0, 0, _lengths[b]).narrow(1, b, 1)), state?.Map(part => part.narrow(1, b, 1)));
            outputs.Add(nn.functional.pad(Order(run.Output), [0, 0, 0, 0, 0, x.shape[0] - _lengths[b]])); // [T, 1, D·H]
            finals.Add(run.State);
        }

        Tensor[] final = [.. Enumerable.Range(0, finals[0].Count).Select(part => cat([.. finals.Select(one => one[part])], 1))];
        return (cat(outputs, 1), new RecurrentState(final));
    });

    /// <summary>One sequence with its share of the loss.</summary>
    public void Alone(int b)
    {
        var state = _state!.Map(part => part.narrow(1, b, 1));
        var (output, final) = _module.Run(Order(_input.narrow(0, 0, _lengths[b]).narrow(1, b, 1)), state);
        var loss = Order(output).mul(_dOutput.narrow(0, 0, _lengths[b]).narrow(1, b, 1)).sum();
        for (var part = 0; part < final.Count; part++)
        {
            loss = loss.add(final[part].mul(_dFinal[part].narrow(1, b, 1)).sum());
        }

        loss.backward();
    }

    /// <summary>The padded batch.</summary>
    public Dictionary<string, Tensor> Together() => Results((x, state) =>
    {
        var (output, final) = _module.Run(Order(x), tensor(_lengths), state);
        return (Order(output), final);
    });

    /// <summary>The batch packed by torch.</summary>
    public Dictionary<string, Tensor> Packed() => Results((x, state) =>
    {
        var packed = pack_padded_sequence(x, tensor(_lengths), enforce_sorted: false);
        var (output, final) = _module switch
        {
            HiddenStateModule one => One(one.call(packed, state?.Hidden)),
            CellStateModule two => Two(two.call(packed, state is null ? null : (state.Hidden, state.Cell))),
            _ => ((Recurrent)_module).call(packed, state),
        };
        return (pad_packed_sequence(output, total_length: x.shape[0]).Item1, final);

        static (PackedSequence, RecurrentState) One((PackedSequence, Tensor) result) => (result.Item1, new RecurrentState(result.Item2));
        static (PackedSequence, RecurrentState) Two((PackedSequence, Tensor, Tensor) result) => (result.Item1, new RecurrentState(result.Item2, result.Item3));
    });

    private Tensor Order(Tensor sequence) => _module.BatchFirst ? sequence.transpose(0, 1) : sequence;

    private Dictionary<string, Tensor> Results(Func<Tensor, RecurrentState?, (Tensor Output, RecurrentState Final)> run)
    {
        var net = (nn.Module)_module;
        net.zero_grad();
        var x = _input.clone().requires_grad_();
        var state = _state?.Map(part => part.clone().requires_grad_());
        var (output, final) = run(x, state);
        var loss = output.mul(_dOutput).sum();
        for (var part = 0; part < final.Count; part++)
        {
            loss = loss.add(final[part].mul(_dFinal[part]).sum());
        }

        loss.backward();
        var results = net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        results["output"] = output;
        results["input gradient"] = x.grad!;
        for (var part = 0; part < final.Count; part++)
        {
            results[$"final {part}"] = final[part];
            if (state is not null)
            {
                results[$"initial gradient {part}"] = state[part].grad!;
            }
        }

        for (var b = 0; b < _lengths.Length; b++)
        {
            var beyond = x.shape[0] - _lengths[b];
            Assert.Equal(0, beyond == 0 ? 0 : x.grad!.narrow(0, _lengths[b], beyond).narrow(1, b, 1).abs().max().item<double>());
            Assert.Equal(0, beyond == 0 ? 0 : output.narrow(0, _lengths[b], beyond).narrow(1, b, 1).abs().max().item<double>());
        }

        return results;
    }
}
