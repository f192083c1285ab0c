using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>Whether a case file holds what its module needs: nothing is left out of a comparison without a word.</summary>
internal static class CaseCheck
{
    public static void Keys(string name, string section, IReadOnlyDictionary<string, CaseTensor> tensors, IEnumerable<string> expected)
    {
        string[] wanted = [.. expected];
        string[] missing = [.. wanted.Except(tensors.Keys)];
        string[] unknown = [.. tensors.Keys.Except(wanted)];
        if (missing.Length + unknown.Length > 0)
        {
            throw new InvalidDataException($"{name}: {section}: expected {string.Join(", ", wanted)}; missing: {Show(missing)}; unknown: {Show(unknown)}.");
        }

        static string Show(string[] keys) => keys.Length == 0 ? "none" : string.Join(", ", keys);
    }

    public static void Shape(string name, string key, CaseTensor value, IReadOnlyList<long> expected)
    {
        if (!value.Shape.SequenceEqual(expected))
        {
            throw new InvalidDataException($"{name}: {key}: expected shape {Check.Show(expected)}, got {Check.Show(value.Shape)}.");
        }
    }

    /// <summary>Keys and shapes of inputs, outputs and gradients.</summary>
    public static void Tensors(PyTorchCase @case, IRecurrentModule module)
    {
        string[] leading = [.. module.StateSizes.Select((_, part) => part == 0 ? "h" : "c")];
        long[] rows = [.. @case.BatchFirst ? [@case.Batch, @case.Steps] : new[] { @case.Steps, @case.Batch }];
        long[] state = [module.NumLayers * module.NumDirections, @case.Batch, @case.HiddenSize];
        var outputs = new Dictionary<string, long[]> { ["output"] = [.. rows, module.NumDirections * module.HiddenSize] };
        var inputs = new Dictionary<string, long[]> { ["input"] = [.. rows, module.InputSize] };
        foreach (var part in leading)
        {
            inputs[part + "0"] = state;
            outputs[part + "n"] = state;
        }

        var gradients = new Dictionary<string, long[]>(inputs);
        foreach (var (key, parameter) in ((nn.Module)module).named_parameters())
        {
            gradients[key] = parameter.shape;
        }

        foreach (var (key, shape) in outputs)
        {
            inputs["grad_" + key] = shape;
        }

        Section(@case.Name, "inputs", @case.Inputs, inputs);
        Section(@case.Name, "outputs", @case.Outputs, outputs);
        Section(@case.Name, "grads", @case.Gradients, gradients);
    }

    private static void Section(string name, string section, IReadOnlyDictionary<string, CaseTensor> tensors, Dictionary<string, long[]> shapes)
    {
        Keys(name, section, tensors, shapes.Keys);
        foreach (var (key, shape) in shapes)
        {
            Shape(name, $"{section}.{key}", tensors[key], shape);
        }
    }
}
