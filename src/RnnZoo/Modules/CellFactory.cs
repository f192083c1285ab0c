using RnnZoo.Cells;

namespace RnnZoo.Modules;

/// <summary>Makes the cell of one layer and direction.</summary>
/// <param name="layer">0 is the layer that reads the input.</param>
/// <param name="direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="inputSize">I of this layer: the module's input size for layer 0, D·H above it.</param>
/// <returns>A new cell; the module takes its parameters over and disposes it.</returns>
public delegate RecurrentCell CellFactory(int layer, int direction, long inputSize);
