using System.Text.Json.Serialization;
using RnnZoo.Cells;

namespace RnnZoo.Streams;

/// <summary>
/// Where a <see cref="TruncatedBpttLoader"/> stands, with the state that it carries: what a checkpoint must keep to go on
/// with the same numbers. System.Text.Json writes all of it but the state, whose tensors go where weights go.
/// </summary>
/// <param name="Epoch">How many times the streams were walked through to their end.</param>
/// <param name="Step">The first step of the next chunk.</param>
/// <param name="From">The step that the kept state belongs to.</param>
/// <param name="Random">The state of the generator of random lengths.</param>
/// <param name="State">The state at <paramref name="From"/>; null at the streams' start. It belongs to the dispose scope in which the position was asked for.</param>
/// <param name="Streams">B, to recognise the streams.</param>
/// <param name="Steps">T, to recognise the streams.</param>
/// <param name="ChunkLength">k1, to recognise the options.</param>
/// <param name="GradientLength">k2, to recognise the options.</param>
public sealed record LoaderPosition(int Epoch, long Step, long From, ulong Random, [property: JsonIgnore] RecurrentState? State, long Streams, long Steps, int ChunkLength, int? GradientLength);
