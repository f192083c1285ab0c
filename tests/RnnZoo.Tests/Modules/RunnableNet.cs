using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>A module, and a way to run it that hides its tuples: (input, states) → output and final states.</summary>
public sealed record RunnableNet(nn.Module Module, Func<Tensor, Tensor[], Tensor[]> Run) : IDisposable
{
    /// <summary>Outputs, and the gradients of Σ output·cotangent by name: input, h0, c0 and every parameter.</summary>
    public (Tensor[] Outputs, Dictionary<string, Tensor> Gradients) RunAndDifferentiate(Tensor input, Tensor[] states, Tensor[] cotangents)
    {
        Module.zero_grad();
        var x = input.detach().clone().requires_grad_();
        Tensor[] s = [.. states.Select(state => state.detach().clone().requires_grad_())];
        var outputs = Run(x, s);
        Assert.Equal(cotangents.Length, outputs.Length);
        var loss = outputs.Zip(cotangents, (output, cotangent) => output.mul(cotangent).sum()).Aggregate((a, b) => a.add(b));
        loss.backward();
        var gradients = Module.named_parameters().ToDictionary(item => item.Item1, item => Gradient(item.Item2, item.Item1));
        gradients["input"] = Gradient(x, "input");
        foreach (var (name, state) in new[] { "h0", "c0" }.Zip(s))
        {
            gradients[name] = Gradient(state, name);
        }

        return (outputs, gradients);
    }

    public void Dispose() => Module.Dispose();

    private static Tensor Gradient(Tensor tensor, string name)
    {
        var gradient = tensor.grad;
        Assert.True(gradient is not null, $"{name} has no gradient");
        return gradient!.clone();
    }
}
