using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Drop-ins against PyTorch's own numbers; the loss is Σ output·grad_output + Σ hn·grad_hn (+ Σ cn·grad_cn).</summary>
public sealed class PyTorchFixtureTests
{
    public static TheoryData<string, BackwardPath> Cases()
    {
        var data = new TheoryData<string, BackwardPath>();
        foreach (var name in PyTorchFixture.Names)
        {
            data.Add(name, BackwardPath.Autograd);
            data.Add(name, BackwardPath.Native);
            data.Add(name, BackwardPath.HandWritten);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void OutputsAndGradients_EqualPyTorch(string name, BackwardPath path)
    {
        var fixture = PyTorchFixture.ReadOrSkip(name);
        using var scope = NewDisposeScope();
        using var net = fixture.Net.Ours(path);
        net.Module.load_state_dict(fixture.Section("parameters"));
        var inputs = fixture.Section("inputs");
        string[] states = fixture.Net.StateParts == 2 ? ["h0", "c0"] : ["h0"];
        string[] outputs = fixture.Net.StateParts == 2 ? ["output", "hn", "cn"] : ["output", "hn"];
        var (actual, gradients) = net.RunAndDifferentiate(
            inputs["input"],
            [.. states.Select(state => inputs[state])],
            [.. outputs.Select(output => inputs["grad_" + output])]);
        var expected = fixture.Section("outputs");
        Assert.Equal(outputs.Order(), expected.Keys.Order());
        foreach (var (output, value) in outputs.Zip(actual))
        {
            Expect.Close(expected[output], value, 1e-12, $"{name} {path}: {output}");
        }

        Expect.Close(fixture.Section("grads"), gradients, 1e-12, $"{name} {path}");
    }
}
