using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// A cell with PyTorch's four parameters, each a stack of one block per gate:
/// weight_ih [G·H, I], weight_hh [G·H, H], bias_ih [G·H], bias_hh [G·H].
/// </summary>
public abstract class GatedCell : EquationCell
{
    private protected GatedCell(string name, long inputSize, long hiddenSize, string[] gates, bool bias, Device? device, ScalarType? dtype)
        : base(name, inputSize, hiddenSize, gates)
    {
        var bound = 1 / Math.Sqrt(hiddenSize);
        weight_ih = Draw(bound, dtype, device, gates.Length * hiddenSize, inputSize);
        weight_hh = Draw(bound, dtype, device, gates.Length * hiddenSize, hiddenSize);
        bias_ih = bias ? Draw(bound, dtype, device, gates.Length * hiddenSize) : null;
        bias_hh = bias ? Draw(bound, dtype, device, gates.Length * hiddenSize) : null;
    }

    private protected GatedCell(string name, long inputSize, long hiddenSize, string[] gates, CellWeights weights)
        : base(name, inputSize, hiddenSize, gates) => Bind(weights);

    /// <summary>Recurrent weights [G·H, H].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, Gates.Count * HiddenSize, HiddenSize);
    }

    /// <summary>Recurrent bias [G·H], or null for a cell without bias.</summary>
    public Parameter? bias_hh
    {
        get => get_parameter(nameof(bias_hh));
        set => Replace(nameof(bias_hh), value, Gates.Count * HiddenSize);
    }

    internal sealed override Tensor RecurrentWeight => weight_hh;

    internal sealed override Tensor? RecurrentBias => bias_hh;

    /// <summary>Takes parameters that something else owns, in place of those held so far.</summary>
    internal void Bind(CellWeights weights)
    {
        weight_ih = weights.InputWeight;
        weight_hh = weights.HiddenWeight;
        bias_ih = weights.InputBias;
        bias_hh = weights.HiddenBias;
    }
}

/// <summary>The parameters of one <see cref="GatedCell"/>; the biases are null together.</summary>
internal sealed record CellWeights(Parameter InputWeight, Parameter HiddenWeight, Parameter? InputBias, Parameter? HiddenBias);
