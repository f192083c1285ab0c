using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>What a net is made with; a null activation is the net's own.</summary>
internal sealed record NetArguments(long InputSize, long HiddenSize, long NumLayers, Activation? Activation, double Dropout, bool Bidirectional, Device? Device, ScalarType? DType);
