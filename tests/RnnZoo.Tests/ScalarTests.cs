using Mono.Cecil;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests;

/// <summary>
/// A Scalar that nothing holds may be collected while native code reads it. No code of library and tool makes one on the fly, and
/// nets train under forced collection to the same numbers.
/// </summary>
public sealed class ScalarTests
{
    [Fact]
    public void LibraryAndTool_MakeScalarsInOnePlaceAlone()
    {
        using var torchSharp = AssemblyDefinition.ReadAssembly(typeof(Tensor).Assembly.Location);
        using var library = AssemblyDefinition.ReadAssembly(typeof(Gradient).Assembly.Location);
        using var tool = AssemblyDefinition.ReadAssembly(typeof(RnnZoo.Cli.Commands.BenchPaths).Assembly.Location);
        var makers = MakersOf(torchSharp);
        Assert.Contains("TorchSharp.torch/Tensor TorchSharp.torch/Tensor::add(TorchSharp.torch/Tensor)", makers);
        Assert.Contains("TorchSharp.torch/Tensor TorchSharp.torch/Tensor::square()", makers);
        var found = from method in Methods(library).Concat(Methods(tool))
                    where method.DeclaringType.FullName.Split('/')[0] != "RnnZoo.Scalars"
                    from called in Calls(method)
                    where MakesScalar(called) || makers.Contains(called.FullName)
                    select $"{method.DeclaringType.FullName}.{method.Name}: {called.Name}({string.Join(", ", called.Parameters.Select(parameter => parameter.ParameterType.Name))})";
        Assert.Equal([], found.Distinct());
    }

    [Fact]
    public void EveryNet_TrainsUnderForcedCollection_ToTheSameNumbers()
    {
        foreach (var name in RecurrentNets.Names)
        {
            foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
            {
                var calm = Train(name, path);
                using var stop = new CancellationTokenSource();
                var collector = new Thread(() =>
                {
                    while (!stop.IsCancellationRequested)
                    {
                        GC.Collect(0); // a number made on the fly is young
                        GC.WaitForPendingFinalizers();
                    }
                });
                collector.Start();
                try
                {
                    Assert.Equal(calm, Train(name, path));
                }
                finally
                {
                    stop.Cancel();
                    collector.Join();
                }
            }
        }
    }

    private static float[] Train(string name, BackwardPath path)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var model = SequenceModel.Create(name, 5, 7, 3);
        model.Backward = path;
        var (x, target, rate) = (randn(12, 4, 5), randn(12, 4, 3), tensor(0.01f));
        var losses = new float[15];
        for (var step = 0; step < losses.Length; step++)
        {
            using var inner = NewDisposeScope();
            model.zero_grad();
            var loss = nn.functional.mse_loss(model.call(x).Output, target);
            Gradient.Backward(loss);
            losses[step] = loss.item<float>();
            using var noTape = no_grad();
            foreach (var parameter in model.parameters())
            {
                parameter.sub_(parameter.grad!.mul(rate));
            }
        }

        return losses;
    }

    // What makes a Scalar of TorchSharp's own on the way.
    private static HashSet<string> MakersOf(AssemblyDefinition torchSharp)
    {
        var methods = Methods(torchSharp).Where(method => method.DeclaringType.FullName != "TorchSharp.Scalar").ToArray();
        var makers = new HashSet<string>();
        for (var before = -1; before < makers.Count;)
        {
            before = makers.Count;
            makers.UnionWith(methods.Where(method => Calls(method).Any(called => MakesScalar(called) || makers.Contains(called.FullName))).Select(method => method.FullName));
        }

        return makers;
    }

    private static bool MakesScalar(MethodReference called) => called.DeclaringType.FullName == "TorchSharp.Scalar" && called.Name is "op_Implicit" or ".ctor";

    private static IEnumerable<MethodDefinition> Methods(AssemblyDefinition assembly) =>
        assembly.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody);

    private static IEnumerable<MethodReference> Calls(MethodDefinition method) =>
        method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>().Select(called => called is GenericInstanceMethod generic ? generic.ElementMethod : called);
}
