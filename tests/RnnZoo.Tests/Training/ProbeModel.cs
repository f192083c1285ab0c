using RnnZoo.Cells;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Training;

/// <summary>A linear readout without memory that shows its inputs to the test and lets it change the output.</summary>
internal sealed class ProbeModel : nn.Module<Tensor, RecurrentState?, RecurrentResult>
{
    private readonly Func<Tensor, Tensor, Tensor> _change;

    /// <param name="change">Gets the input and the output, gives the output to return.</param>
    public ProbeModel(Func<Tensor, Tensor, Tensor>? change = null)
        : base(nameof(ProbeModel))
    {
        _change = change ?? ((_, output) => output);
        weight = new Parameter(zeros(10, 9));
        register_parameter("weight", weight);
    }

    public Parameter weight { get; }

    public override RecurrentResult forward(Tensor input, RecurrentState? state)
    {
        var output = _change(input, input.reshape(-1, 10).mm(weight).reshape(input.shape[0], input.shape[1], 9));
        return new RecurrentResult(output, state!);
    }

    protected override void RegisterComponents()
    {
    }
}
