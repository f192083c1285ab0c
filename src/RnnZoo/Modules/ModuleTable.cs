using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>A module's parameters as a table.</summary>
internal static class ModuleTable
{
    public static string Of(nn.Module module, string caption)
    {
        var table = new Display.HtmlTable(caption, "parameter", "shape", "numbers", "type", "trained");
        var total = 0L;
        foreach (var (name, parameter) in module.named_parameters())
        {
            table.Add(name, $"[{string.Join(", ", parameter.shape)}]", parameter.numel(), parameter.dtype.ToString(), parameter.requires_grad ? "yes" : "no");
            total += parameter.numel();
        }

        table.Add("all", null, total, null, null);
        return table.ToString();
    }

    /// <summary>What a recurrent net is, in a line.</summary>
    public static string Describe(IRecurrentModule net) =>
        $"{((nn.Module)net).GetName()}: {net.InputSize} → {net.HiddenSize}"
        + (net.NumLayers > 1 ? $", {net.NumLayers} layers" : "")
        + (net.NumDirections > 1 ? ", both directions" : "")
        + $"; gradient: {net.EffectiveBackward}";
}
