namespace RnnZoo.Tests.Kernels;

/// <summary>Gradients that a test asks for.</summary>
[Flags]
internal enum Wanted
{
    None = 0,
    DX = 1,
    DWeightIh = 2,
    DWeightHh = 4,
    DBiasIh = 8,
    DBiasHh = 16,
    DH0 = 32,
    DC0 = 64,
    Norms = 128,
    Shares = 256,
    DActivationBias = 512,
    All = 1023,
}
