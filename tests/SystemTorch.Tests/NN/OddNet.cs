using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>The module behind custom_net.dat: fields in odd order, a renamed one, a parameter and a buffer of its own.</summary>
internal sealed class OddNet : nn.Module<Tensor, Tensor>
{
    private readonly Linear second = nn.Linear(3, 2);
    private readonly Linear first = nn.Linear(2, 3);
    private readonly ModuleList<Linear> list = nn.ModuleList(nn.Linear(1, 2), nn.Linear(2, 1));

    [ComponentName(Name = "renamed")]
    private readonly Linear _last = nn.Linear(1, 1);
    private readonly Parameter alpha = nn.Parameter(ones(2));
    private readonly Tensor buf = zeros(3);

    public OddNet()
        : base(nameof(OddNet)) => RegisterComponents();

    public Parameter Alpha => alpha;

    public Tensor Buffer => buf;

    public override Tensor forward(Tensor input) => second.call(first.call(input).tanh()) * alpha;
}
