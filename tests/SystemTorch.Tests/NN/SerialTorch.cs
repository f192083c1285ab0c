namespace SystemTorch.Tests.NN;

/// <summary>Tests that seed torch's default generator or count all live tensors: nothing may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SerialTorch
{
    public const string Name = "torch's default generator and tensor count";
}
