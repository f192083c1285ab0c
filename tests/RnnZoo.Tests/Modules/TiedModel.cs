using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>An embedding and a readout with one weight.</summary>
internal sealed class TiedModel : nn.Module<Tensor, Tensor>
{
    private readonly Embedding embedding = nn.Embedding(7, 5);
    private readonly Linear readout = nn.Linear(5, 7);

    public TiedModel() : base(nameof(TiedModel))
    {
        readout.weight = embedding.weight!;
        RegisterComponents();
    }

    public Parameter Weight => readout.weight!;

    public override Tensor forward(Tensor input) => readout.call(embedding.call(input));
}
