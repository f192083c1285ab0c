namespace RnnZoo.Tests.Modules;

/// <summary>Tests that seed torch's default generator: it is one for the process, so nothing may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SerialTorch
{
    public const string Name = "torch's default generator";
}
