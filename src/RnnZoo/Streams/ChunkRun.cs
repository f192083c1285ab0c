using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>What running a chunk gives.</summary>
/// <param name="Output">[k, B, …]: the outputs whose losses count.</param>
/// <param name="EarlierOutput">[·, B, …]: the outputs whose losses are only reported.</param>
/// <param name="Next">The detached state that the next chunk starts from, free of dispose scopes.</param>
/// <param name="Final">The state after the last step, as the net returned it.</param>
internal readonly record struct ChunkRun(Tensor Output, Tensor? EarlierOutput, RecurrentState? Next, RecurrentState Final);
