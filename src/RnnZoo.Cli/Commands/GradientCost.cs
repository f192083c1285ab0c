namespace RnnZoo.Cli.Commands;

/// <summary>What a gradient took, and the gradient.</summary>
/// <param name="ProcessPeakBytes">The most that the process had in physical memory.</param>
/// <param name="ExtraBytes">The most in the first pass, less what was there after the warm-up.</param>
/// <param name="MillisecondsPerStep">The median pass, per time step of the whole batch.</param>
/// <param name="Passes">How many passes the median is of.</param>
/// <param name="SegmentLength">The steps that were on the tape at once.</param>
/// <param name="FewestTensors">The fewest live tensors after a chunk, the first and the last two aside.</param>
/// <param name="MostTensors">The most.</param>
/// <param name="Gradient">∂L/∂θ of all parameters, one after the other, as float64 in the machine's byte order.</param>
/// <param name="RecurrentStart">Where the recurrent matrix's begins, in elements.</param>
/// <param name="RecurrentCount">How many elements it has.</param>
internal sealed record GradientCost(
    long ProcessPeakBytes,
    long ExtraBytes,
    double MillisecondsPerStep,
    int Passes,
    long SegmentLength,
    long FewestTensors,
    long MostTensors,
    byte[] Gradient,
    int RecurrentStart,
    int RecurrentCount);
