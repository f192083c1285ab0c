using RnnZoo.Cells;

namespace RnnZoo.Streams;

/// <summary>What <see cref="ExactBptt"/> found; the gradients themselves are in the parameters.</summary>
/// <param name="Loss">The sum of all segments' losses.</param>
/// <param name="SegmentLength">How many steps a segment had; the last one may be shorter.</param>
/// <param name="Segments">How many segments there were; with one, nothing was computed twice.</param>
/// <param name="FinalState">The state after the last step, cut off from the tape; it belongs to the caller's dispose scope.</param>
public sealed record ExactBpttResult(double Loss, long SegmentLength, int Segments, RecurrentState FinalState);
