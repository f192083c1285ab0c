using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Runs one direction of one layer.</summary>
/// <param name="layer">0 is the layer that reads the input.</param>
/// <param name="direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="input">[T, B, ·].</param>
/// <param name="start">Parts [B, S].</param>
/// <returns>Output [T, B, H] and the state after the last step of the walk.</returns>
internal delegate RecurrentResult DirectionRunner(int layer, int direction, Tensor input, RecurrentState start);
